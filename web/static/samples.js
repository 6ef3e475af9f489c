// The sheet of a spot check: a tick is entered at once; of what differs, only once it is said how.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-sheet]");
  if (!form) return;
  const chosen = new FormData(form).get("result");
  const note = form.elements.namedItem("note");
  if (!chosen) return;
  if (chosen === "differs" && !note.value.trim()) note.focus();
  else form.requestSubmit();
});
