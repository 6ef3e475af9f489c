// Review by keyboard. What comes next is fetched ahead; what was decided is sent in its order while one looks on.
(() => {
  "use strict";
  const AHEAD = 3; // items that are fetched before they are looked at
  const AGAIN = 2000; // ms until a decision is sent anew that could not be kept
  const desk = document.getElementById("desk");
  const by = (id) => document.getElementById(id);
  const ids = JSON.parse(desk.dataset.ids);
  const query = desk.dataset.query;
  const decided = new Map(); // by item, what this window decided
  const undone = []; // items that can be taken back, the last one last
  const waiting = []; // decisions that are not kept yet
  const fetched = new Map(); // by address, a promise of what is there
  let place = ids.indexOf(Number(desk.dataset.item));
  let zoom = 1, turned = 0, whole = false, beside = "printed", shown = 0, looks = { scan: null, beside: null };

  // ---- what is fetched ahead ----
  const asked = async (address, kind) => {
    const answer = await fetch(address, { headers: { Accept: kind === "json" ? "application/json" : "*/*" } });
    if (answer.status === 401 || answer.redirected) throw new Error("登录已经结束，请重新登录。");
    if (!answer.ok) throw new Error("这张图像没有，或者读不出来。");
    return kind === "picture" ? createImageBitmap(await answer.blob()) : answer.text();
  };
  const kept = (address, kind) => {
    if (!fetched.has(address)) {
      const coming = asked(address, kind);
      coming.catch(() => fetched.delete(address));
      fetched.set(address, coming);
    }
    return fetched.get(address);
  };
  const piece = async (id) => new DOMParser().parseFromString(await kept(`/review/${id}/piece`, "text"), "text/html").querySelector(".item");
  const scan = (id) => kept(`/review/${id}/picture.png`, "picture");
  const printed = (choice) => kept(`/review/printed/${choice}`, "picture");
  const besides = (one) => {
    const choice = one.querySelector("input[name=choice]:checked");
    return { printed: choice && (() => printed(choice.value)), filed: one.dataset.filed && (() => kept(one.dataset.filed, "picture")) };
  };
  const ahead = async () => {
    const from = place, near = new Set(ids.slice(Math.max(0, from - 2), from + AHEAD + 1).map(String));
    for (const address of [...fetched.keys()]) {
      const item = /^\/review\/(\d+)\//.exec(address);
      if (item ? !near.has(item[1]) : fetched.size > 40) fetched.delete(address);
    }
    for (const id of ids.slice(from + 1, from + AHEAD + 1)) {
      if (from !== place) return;
      try {
        const both = [piece(id), scan(id)];
        const found = besides(await both[0]);
        await Promise.all([both[1], found.printed && found.printed(), found.filed && found.filed()]);
      } catch { /* it is said when its turn comes */ }
    }
  };

  // ---- what is shown ----
  const draw = (pane, picture, quarters) => {
    const view = by(pane), canvas = view.querySelector("canvas"), context = canvas.getContext("2d");
    const across = quarters % 2 ? picture.height : picture.width, down = quarters % 2 ? picture.width : picture.height;
    canvas.width = across;
    canvas.height = down;
    context.translate(across / 2, down / 2);
    context.rotate((quarters * Math.PI) / 2);
    context.drawImage(picture, -picture.width / 2, -picture.height / 2);
    size(view, canvas);
  };
  const size = (view, canvas) => {
    const fit = view.clientWidth / canvas.width, all = Math.min(fit, view.clientHeight / canvas.height);
    canvas.style.width = `${Math.floor((whole ? all : fit * zoom) * canvas.width)}px`;
  };
  const empty = (pane, words) => {
    const view = by(pane), said = view.querySelector("p");
    said.textContent = words;
    said.hidden = !words;
    view.querySelector("canvas").hidden = Boolean(words);
  };
  const resize = () => { for (const pane of ["scan", "beside"]) if (looks[pane]) size(by(pane), by(pane).querySelector("canvas")); };
  const paint = async (pane, coming, round) => {
    looks[pane] = null;
    empty(pane, "……");
    try {
      const picture = await coming;
      if (round !== shown) return;
      looks[pane] = picture;
      empty(pane, "");
      draw(pane, picture, pane === "scan" ? turned : 0);
      by(pane).scrollTop = 0;
    } catch (problem) {
      if (round === shown) empty(pane, problem.message);
    }
  };
  const current = () => by("item").querySelector(".item");
  const paintBeside = () => {
    const found = besides(current()), name = found[beside] ? beside : found.printed ? "printed" : "filed";
    by("beside-name").textContent = name === "filed" ? "已归档的那一张" : "印的样子";
    by("swap").hidden = !(found.printed && found.filed);
    looks.beside = null;
    if (!found[name]) return empty("beside", "还不知道是哪一份。");
    return paint("beside", found[name](), shown);
  };
  const show = async (index) => {
    place = index;
    const round = (shown += 1), id = ids[index];
    turned = 0;
    desk.dataset.ready = "";
    by("end").hidden = true;
    by("where").textContent = `${index + 1} / ${ids.length}`;
    history.replaceState(null, "", `/review/${id}${query}`);
    document.title = `待核第 ${id} 号 · 户约`;
    const coming = paint("scan", scan(id), round);
    try {
      const found = await piece(id);
      if (round !== shown) return;
      by("item").replaceChildren(document.importNode(found, true));
      by("sheet").value = found.dataset.sheet;
      beside = "conflict" in found.dataset ? "filed" : "printed";
    } catch (problem) {
      if (round === shown) trouble(problem.message);
      return;
    }
    const other = paintBeside();
    await coming;
    if (round !== shown) return;
    desk.dataset.ready = String(id);
    await other;
    ahead();
  };
  const go = (step) => { if (ids[place + step] !== undefined) show(place + step); };
  const onward = () => {
    const rest = [...ids.keys()].filter((index) => !decided.has(ids[index]));
    const next = rest.find((index) => index > place) ?? rest[0];
    if (next !== undefined) return show(next);
    desk.dataset.ready = "";
    by("end").hidden = false;
    by("end").querySelector("a").focus();
  };

  // ---- what is said ----
  const trouble = (words, id) => {
    const line = document.createElement("div"), said = document.createElement("p");
    line.className = "said bad";
    said.textContent = words;
    line.append(said);
    if (id !== undefined) {
      const again = document.createElement("button");
      again.type = "button";
      again.className = "plain";
      again.textContent = `回到第 ${id} 号`;
      again.addEventListener("click", () => { line.remove(); show(ids.indexOf(id)); });
      said.append(" ", again);
    }
    const away = document.createElement("button");
    away.type = "button";
    away.className = "plain";
    away.textContent = "知道了";
    away.addEventListener("click", () => line.remove());
    said.append(" ", away);
    by("trouble").append(line);
  };
  const tell = (words) => { by("told").textContent = waiting.length > 1 ? `${words} 还有 ${waiting.length - 1} 页正在记。` : words; };

  // ---- what is decided ----
  let sending = false;
  const send = async () => {
    if (sending) return;
    sending = true;
    desk.dataset.waiting = "1";
    while (waiting.length) {
      const one = waiting[0];
      let answer = null;
      try {
        answer = await fetch(`/review/${one.id}/${one.what}`, { method: "POST", body: new URLSearchParams(one.body), headers: { "X-CSRF-Token": desk.dataset.csrf, Accept: "application/json" } });
      } catch { /* no connection: again */ }
      if (answer === null || answer.status === 503) {
        tell("档案库正忙，或者连不上；等一会儿再记，请不要关这一页。");
        await new Promise((done) => setTimeout(done, AGAIN));
        continue;
      }
      const said = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : {};
      fetched.delete(`/review/${one.id}/piece`);
      if (answer.ok) tell(said.said);
      else {
        if (answer.status !== 409) decided.delete(one.id); // by somebody else: it is decided all the same
        if (undone.includes(one.id)) undone.splice(undone.indexOf(one.id), 1);
        trouble(`第 ${one.id} 号没有记：${answer.status === 401 ? "登录已经结束，请重新登录。" : said.error?.message ?? "请刷新页面再试。"}`, one.id);
      }
      waiting.shift();
      if (ids[place] === one.id && by("end").hidden) show(place);
    }
    sending = false;
    desk.dataset.waiting = "0";
  };
  const decide = (what, body) => {
    const id = ids[place];
    if (desk.dataset.ready !== String(id) || decided.has(id) || current().dataset.decision) return;
    decided.set(id, what);
    undone.push(id);
    waiting.push({ id, what, body });
    onward();
    send();
  };
  const accept = () => {
    const choice = current().querySelector("input[name=choice]:checked");
    if (!choice) return by("typed").focus();
    const [contract, sheet] = choice.value.split("/");
    return decide("assign", { contract, sheet });
  };
  const undo = () => {
    const here = ids[place];
    const id = undone.pop() ?? (current().dataset.decision ? here : undefined);
    if (id === undefined) return tell("没有可以撤回的。");
    const unsent = waiting.findIndex((one, index) => one.id === id && index > 0);
    decided.delete(id);
    if (unsent > 0) waiting.splice(unsent, 1);
    else waiting.push({ id, what: "undo", body: {} });
    show(ids.indexOf(id));
    return send();
  };
  const choose = (number) => {
    const choice = current().querySelectorAll("input[name=choice]")[number - 1];
    if (!choice) return;
    choice.checked = true;
    choice.closest("label").scrollIntoView({ block: "nearest" });
    beside = "printed";
    paintBeside();
  };
  const look = async (event) => {
    event.preventDefault();
    const id = ids[place], values = new URLSearchParams({ typed: by("typed").value, sheet: by("sheet").value });
    try {
      const found = await asked(`/review/${id}/like?${values}`, "text");
      if (id !== ids[place]) return;
      const parsed = new DOMParser().parseFromString(found, "text/html");
      current().querySelector(".choices").replaceChildren(...parsed.body.childNodes);
    } catch (problem) {
      return trouble(problem.message);
    }
    beside = "printed";
    paintBeside();
    if (current().querySelector("input[name=choice]")) by("scan").focus();
  };

  // ---- keys and buttons ----
  const larger = (step) => { whole = false; zoom = Math.min(5, Math.max(0.25, zoom * step)); resize(); };
  const fit = () => { whole = !whole; zoom = 1; resize(); };
  const turn = () => { turned = (turned + 1) % 4; if (looks.scan) draw("scan", looks.scan, turned); };
  const swap = () => { if (!by("swap").hidden) { beside = by("beside-name").textContent === "印的样子" ? "filed" : "printed"; paintBeside(); } };
  const on = () => go(1), back = () => go(-1), reject = () => decide("reject", {});
  const KEYS = { Enter: accept, r: reject, Delete: reject, u: undo, j: on, ArrowRight: on, k: back, ArrowLeft: back, "+": () => larger(1.25), "=": () => larger(1.25), "-": () => larger(0.8), 0: fit, t: turn, e: swap, "/": () => { by("typed").focus(); by("typed").select(); } };
  document.addEventListener("keydown", (event) => {
    const at = event.target, typing = at.matches("input:not([type=radio], [type=checkbox]), select, textarea");
    if (event.key === "Escape" && typing) return at.blur();
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || typing || !by("keys").checked) return;
    if (event.key === "Enter" && at.closest("button, a, summary")) return;
    const act = /^[1-9]$/.test(event.key) ? () => choose(Number(event.key)) : KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });
  for (const [id, act] of Object.entries({ accept, reject, undo, back, on, swap, turn, fit, smaller: () => larger(0.8), larger: () => larger(1.25) })) by(id).addEventListener("click", act);
  by("by-number").addEventListener("submit", look);
  by("item").addEventListener("change", (event) => { if (event.target.name === "choice") { beside = "printed"; paintBeside(); } });
  by("keys").checked = localStorage.getItem("review-keys") !== "off";
  by("keys").addEventListener("change", () => localStorage.setItem("review-keys", by("keys").checked ? "on" : "off"));
  window.addEventListener("resize", resize);
  window.addEventListener("beforeunload", (event) => { if (waiting.length) event.preventDefault(); });
  show(place);
})();
