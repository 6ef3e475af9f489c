// What every page does beside htmx: say what went wrong, ask before what cannot be undone.
(() => {
  "use strict";
  const said = () => document.getElementById("problem");
  const say = (text) => {
    const place = said();
    place.innerHTML = "";
    const p = document.createElement("p");
    p.textContent = text;
    place.append(p);
    place.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("htmx:responseError", (event) => {
    const xhr = event.detail.xhr;
    const text = new DOMParser().parseFromString(xhr.responseText, "text/html").body.textContent.trim();
    say(text || "没有做成，请刷新页面再试一次。");
  });
  document.addEventListener("htmx:sendError", () => say("连不上本系统，请看一看网络，或问管理员它开着没有。"));
  document.addEventListener("htmx:sseError", (event) => { // refused, and not only broken off: it is tried again by itself
    if (event.detail.source.readyState === EventSource.CLOSED) say("进度暂时不能自动更新。同时开着很多看进度的网页的，请关掉几个；别的情况，请刷新页面。");
  });
  document.addEventListener("htmx:sseOpen", () => { said().innerHTML = ""; });
  document.addEventListener("htmx:beforeRequest", () => { said().innerHTML = ""; });
  document.addEventListener("submit", (event) => {
    const question = event.target.dataset.ask;
    if (question && !window.confirm(question)) event.preventDefault();
  });
})();
