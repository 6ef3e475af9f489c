// Ticks or unticks all boxes of a name in the form that a button stands in.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-tick]");
  if (!button) return;
  for (const box of button.form.querySelectorAll(`input[type=checkbox][name="${button.dataset.tick}"]`)) {
    box.checked = Boolean(button.dataset.to);
  }
});
