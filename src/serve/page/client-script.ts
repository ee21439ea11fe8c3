/** `client/`, bundled; `npm run page` makes this file. */
export const clientScript: string = `"use strict";
(() => {
  var TokenWanted = class extends Error {
  };
  var token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  function useToken(given) {
    token = given;
  }
  async function servedHeads() {
    const response = await ask("classes", {});
    if (!response.ok) throw new Error(await reasonOf(response));
    return await response.json();
  }
  async function classify(photo) {
    for (; ; ) {
      const response = await ask("predict", {
        method: "POST",
        body: photo,
        headers: { "content-type": "application/octet-stream" }
      });
      if (response.status === 503) {
        await pause(Number(response.headers.get("retry-after") ?? 1) * 1e3);
        continue;
      }
      if (!response.ok && response.status !== 422) throw new Error(await reasonOf(response));
      const answer2 = await response.json();
      return "heads" in answer2 ? answer2.heads : [answer2];
    }
  }
  async function ask(path, init) {
    const headers = new Headers(init.headers);
    if (token !== "") headers.set("authorization", \`Bearer \${token}\`);
    const response = await fetch(path, { ...init, headers });
    if (response.status === 401) throw new TokenWanted();
    return response;
  }
  async function reasonOf(response) {
    const { error } = await response.json().catch(() => ({}));
    return error ?? \`the server answered with status \${response.status}\`;
  }
  function pause(milliseconds) {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
  }
  var thumbnailSide = 480;
  function openCard(name, headCount2) {
    const card = document.createElement("li");
    if (headCount2 > 1) card.className = "several";
    card.append(element("h3", name), element("p", "Waiting for its answer …", "note"));
    return card;
  }
  async function showThumbnail(card, name, photo) {
    const heading = card.querySelector("h3");
    try {
      const image = await createImageBitmap(photo);
      const scale = Math.min(1, thumbnailSide / Math.max(image.width, image.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.max(1, Math.round(image.width * scale));
      canvas.height = Math.max(1, Math.round(image.height * scale));
      canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
      image.close();
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", \`Photo \${name}\`);
      heading?.after(canvas);
    } catch {
      heading?.after(element("p", "No thumbnail: this browser does not show such files.", "note"));
    }
  }
  function showAnswers(card, answers) {
    const failure = answers[0]?.failed[0];
    if (failure !== void 0) {
      showFailure(card, failure.reason);
      return;
    }
    const heads = document.createElement("div");
    heads.className = "heads";
    for (const { head, images } of answers) {
      const part = document.createElement("div");
      if (answers.length > 1) part.append(element("h4", head));
      const list2 = document.createElement("ol");
      for (const { class: name, probability } of images[0]?.top ?? []) {
        const item = document.createElement("li");
        item.append(element("span", name, "name"), element("span", percent(probability), "share"), bar(probability));
        list2.append(item);
      }
      part.append(list2);
      heads.append(part);
    }
    replaceNote(card, heads);
  }
  function showFailure(card, reason) {
    replaceNote(card, element("p", \`No answer: \${reason}\`, "failed"));
  }
  function replaceNote(card, content) {
    card.querySelector(":scope > .note:last-child, :scope > .failed, :scope > .heads")?.remove();
    card.append(content);
  }
  function percent(probability) {
    return \`\${(probability * 100).toFixed(1)} %\`;
  }
  function bar(probability) {
    const outer = element("span", "", "bar");
    outer.setAttribute("aria-hidden", "true");
    const inner = document.createElement("span");
    inner.style.width = \`\${probability * 100}%\`;
    outer.append(inner);
    return outer;
  }
  function element(tag, text, className) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (className !== void 0) made.className = className;
    return made;
  }
  async function droppedFiles(data) {
    const entries = [...data.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
    if (entries.length === 0) return [...data.files];
    const files = [];
    for (const entry of entries) await collect(entry, files);
    return files;
  }
  async function collect(entry, into) {
    if (entry.isFile) {
      into.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
      return;
    }
    const reader = entry.createReader();
    for (; ; ) {
      const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (entries.length === 0) return;
      for (const inner of entries) await collect(inner, into);
    }
  }
  function imagesAmong(files) {
    const images = files.filter(
      ({ type, name }) => type.startsWith("image/") || /\\.(jpe?g|png|webp|gif|bmp|tiff?|hei[cf]|avif|jp2|p[bgnp]m)$/i.test(name)
    );
    return { images, skipped: files.length - images.length };
  }
  var mostAsked = 4;
  var byId = (id) => document.getElementById(id);
  var list = byId("answers");
  var clear = byId("clear");
  var tokenForm = byId("token");
  var drop = byId("drop");
  var headCount = 1;
  var waiting = [];
  var asked = 0;
  var added = 0;
  var answered = 0;
  var skipped = 0;
  var round = 0;
  async function begin() {
    try {
      const { heads } = await servedHeads();
      headCount = heads.length;
      tokenForm.hidden = true;
      byId("heads").textContent = heads.map(
        ({ head, model, accuracy, classes }) => \`\${head} (\${model}): \${classes.length} classes, \${(accuracy * 100).toFixed(1)} % right on held-out photos\`
      ).join(" · ");
      next();
    } catch (error) {
      if (error instanceof TokenWanted) wantToken();
      else byId("heads").textContent = \`The server does not answer: \${error.message}\`;
    }
  }
  function wantToken() {
    tokenForm.hidden = false;
    byId("heads").textContent = "This server wants its token.";
    byId("token-text").focus();
  }
  function add(files) {
    const { images, skipped: others } = imagesAmong(files);
    skipped += others;
    for (const photo of images) {
      const name = photo.webkitRelativePath || photo.name || "pasted photo";
      const card = openCard(name, headCount);
      list.append(card);
      waiting.push({ photo, name, card });
      added++;
    }
    clear.disabled = added === 0;
    tell();
    next();
  }
  function next() {
    while (asked < mostAsked) {
      const one = waiting.shift();
      if (one === void 0) return;
      asked++;
      void answer(one, round).finally(() => {
        asked--;
        if (tokenForm.hidden) next();
      });
    }
  }
  async function answer(one, ofRound) {
    const { photo, name, card } = one;
    if (card.querySelector("canvas") === null) await showThumbnail(card, name, photo);
    try {
      showAnswers(card, await classify(photo));
    } catch (error) {
      if (error instanceof TokenWanted) {
        if (ofRound === round) waiting.unshift(one);
        return wantToken();
      }
      showFailure(card, error.message);
    }
    if (ofRound !== round) return;
    answered++;
    tell();
  }
  function tell() {
    const left = skipped === 0 ? "" : \` \${skipped} \${skipped === 1 ? "file is" : "files are"} no image.\`;
    byId("status").textContent = added === 0 ? \`No photo yet.\${left}\` : \`\${answered} of \${added} \${added === 1 ? "photo" : "photos"} answered.\${left}\`;
  }
  for (const id of ["choose", "camera", "folder"]) {
    const input = byId(\`\${id}-files\`);
    byId(id).addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      add([...input.files ?? []]);
      input.value = "";
    });
  }
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData?.files ?? []];
    if (files.length > 0) add(files);
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) drop.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer !== null) void droppedFiles(event.dataTransfer).then(add);
  });
  tokenForm.addEventListener("submit", (event) => {
    event.preventDefault();
    useToken(byId("token-text").value.trim());
    void begin();
  });
  clear.addEventListener("click", () => {
    round++;
    waiting = [];
    added = answered = skipped = 0;
    list.replaceChildren();
    clear.disabled = true;
    tell();
    byId("choose").focus();
  });
  void begin();
})();
`;
