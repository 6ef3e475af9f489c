// A contract's signed paper, page by page (pdf.js), with the words of a search marked in its text.
const place = document.getElementById("pages");
const parts = place.dataset.parts;
globalThis.pdfjsLib = await import(place.dataset.code);
const { EventBus, PDFFindController, PDFLinkService, PDFViewer } = await import(`${parts}pdf_viewer.mjs`);
globalThis.pdfjsLib.GlobalWorkerOptions.workerSrc = place.dataset.worker;

const eventBus = new EventBus();
const linkService = new PDFLinkService({ eventBus });
const findController = new PDFFindController({ eventBus, linkService });
const viewer = new PDFViewer({ container: place, viewer: place.firstElementChild, eventBus, linkService, findController });
linkService.setViewer(viewer);
const words = document.getElementById("words");
const marks = document.getElementById("marks");
const mark = () => {
  const query = words.value.split(/[\s:："'“”()（）|-]+/u).filter((word) => word.length > 1);
  eventBus.dispatch("find", { source: window, type: "", query, highlightAll: true, caseSensitive: false, entireWord: false, findPrevious: false });
  if (!query.length) marks.textContent = "";
};
eventBus.on("pagesinit", () => { viewer.currentScaleValue = "page-width"; mark(); });
eventBus.on("updatefindmatchescount", ({ matchesCount }) => { marks.textContent = `标出 ${matchesCount.total} 处`; });
eventBus.on("updatefindcontrolstate", ({ state }) => { if (state === 1) marks.textContent = "没有这几个字"; });
words.addEventListener("input", mark);
document.getElementById("in").addEventListener("click", () => viewer.increaseScale());
document.getElementById("out").addEventListener("click", () => viewer.decreaseScale());
document.getElementById("turn").addEventListener("click", () => { viewer.pagesRotation = (viewer.pagesRotation + 90) % 360; });

const pdf = await globalThis.pdfjsLib.getDocument({ url: place.dataset.pdf, isEvalSupported: false, wasmUrl: `${parts}wasm/` }).promise;
viewer.setDocument(pdf);
linkService.setDocument(pdf, null);
