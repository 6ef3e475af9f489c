// Uploads of scans that go on after a break (tus): one after another, each with its progress.
(() => {
  "use strict";
  const PIECE = 4 << 20; // bytes of a request, as the desk takes them (archive/pieces.py)
  const AGAIN = [0, 1000, 3000, 5000, 10000, 20000, 30000]; // ms between tries after a break
  const by = (id) => document.getElementById(id);
  const drop = by("drop");
  const queue = [];
  let current = null;

  const row = (file) => {
    const line = document.createElement("li"), name = document.createElement("span"), bar = document.createElement("progress"), said = document.createElement("span"), act = document.createElement("button");
    name.textContent = file.name;
    name.className = "file";
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", `${file.name} 的进度`);
    said.className = "small quiet";
    said.textContent = "排队";
    act.type = "button";
    act.className = "plain";
    act.textContent = "停下";
    line.append(name, bar, said, act);
    by("sending").append(line);
    return { line, bar, said, act };
  };
  const hide = () => {
    for (const one of by("waiting").querySelectorAll("[data-upload]")) one.hidden = Boolean(current?.address?.endsWith(one.dataset.upload));
  };
  const refresh = async () => {
    await htmx.ajax("GET", "/intake/uploads", { target: "#waiting", swap: "innerHTML" });
    hide();
  };
  const reason = (problem) => {
    const text = problem.originalResponse?.getBody() ?? "";
    const said = text && new DOMParser().parseFromString(text, "text/html").querySelector(".said p")?.textContent;
    return said || "断了，点“接着传”。";
  };

  const next = () => {
    current = queue.shift() ?? null;
    if (current) begin(current);
  };
  const ended = async (one) => {
    if (current !== one) return;
    next();
    await refresh();
  };
  const begin = async (one) => {
    const { file, shown } = one;
    one.stopped = false;
    shown.act.textContent = "停下";
    const upload = new tus.Upload(file, {
      endpoint: "/uploads",
      chunkSize: PIECE,
      retryDelays: AGAIN,
      headers: { "X-CSRF-Token": drop.dataset.csrf },
      metadata: { filename: file.name },
      removeFingerprintOnSuccess: true,
      onUploadUrlAvailable: () => { one.address = upload.url; hide(); },
      onProgress: (sent, size) => { shown.bar.value = size ? sent / size : 1; shown.said.textContent = `${Math.floor((100 * sent) / Math.max(size, 1))}%`; },
      onError: (problem) => stopped(one, reason(problem)),
      onSuccess: () => { shown.line.remove(); by("said").textContent = `${file.name} 传好了。`; ended(one); },
    });
    one.upload = upload;
    try {
      const before = await upload.findPreviousUploads();
      if (before.length) upload.resumeFromPreviousUpload(before.at(-1));
    } catch { /* the browser keeps nothing: from the beginning */ }
    if (!one.stopped) upload.start();
  };
  const stopped = (one, words) => {
    one.stopped = true;
    one.shown.said.textContent = words;
    one.shown.act.textContent = "接着传";
    one.address = "";
    ended(one);
  };
  const add = (files) => {
    for (const file of files) {
      const one = { file, shown: row(file), stopped: false };
      one.shown.act.addEventListener("click", () => {
        if (one.stopped) {
          one.shown.said.textContent = "排队";
          one.shown.act.textContent = "停下";
          one.stopped = false;
          queue.push(one);
          if (!current) next();
          return;
        }
        if (queue.includes(one)) queue.splice(queue.indexOf(one), 1);
        one.upload?.abort();
        stopped(one, "停下了。");
      });
      queue.push(one);
    }
    if (!current) next();
  };

  by("files").addEventListener("change", (event) => {
    add(event.target.files);
    event.target.value = "";
  });
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    const folders = [...event.dataTransfer.items].filter((item) => item.webkitGetAsEntry()?.isDirectory).length;
    if (folders) by("said").classList.remove("visually-hidden");
    by("said").textContent = folders ? "文件夹不能拖进来：请打开文件夹，把里面的文件都选上，或者压成 zip。" : "";
    if (!folders) add(event.dataTransfer.files);
  });
  window.addEventListener("beforeunload", (event) => { if (current) event.preventDefault(); });
})();
