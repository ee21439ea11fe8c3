/** `client/`, bundled; `npm run page` makes this file. */
export const clientScript: string = `"use strict";
(() => {
  var coverage = 0.95;
  var TokenWanted = class extends Error {
  };
  var token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  function useToken(given) {
    token = given;
  }
  async function servedHeads() {
    const response = await ask("classes", {});
    if (!response.ok) throw new Error(await reasonOf(response));
    const { heads } = await response.json();
    return heads;
  }
  function questionFor(heads) {
    const any = (field) => heads.some(({ without }) => without[field] === void 0);
    const query = new URLSearchParams();
    if (any("set")) query.set("coverage", String(coverage));
    if (any("set")) query.set("abstain", "true");
    if (any("like")) query.set("unlike", "true");
    if (any("like") || any("evidence")) query.set("why", "true");
    if (any("evidence")) query.set("overlay", "true");
    return \`predict?\${query}\`;
  }
  async function classify(photo, question) {
    for (; ; ) {
      const response = await ask(question, {
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
  function element(tag, text, className) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (className !== void 0) made.className = className;
    return made;
  }
  function highestPlace(map) {
    let [row, column, highest] = [0, 0, Number.NEGATIVE_INFINITY];
    map.forEach((values, y) => {
      values.forEach((value, x) => {
        if (value > highest) [row, column, highest] = [y, x, value];
      });
    });
    const third = (place, count) => Math.min(2, Math.floor(3 * (place + 0.5) / count));
    const [down, across] = [third(row, map.length), third(column, map[0]?.length ?? 1)];
    if (down === 1 && across === 1) return "centre";
    return [["top", "", "bottom"][down], ["left", "", "right"][across]].filter((word) => word !== "").join(" ");
  }
  var mostNamed = 10;
  function headPart(name, said, classCount) {
    const { top, set, answer: answer2, unlike, evidence, like } = said;
    const parts = [];
    if (unlike === true) {
      parts.push(marked("Unlike the training photos.", "It may show something that this head was not trained on."));
    }
    if (set !== void 0 && answer2 === null) parts.push(marked("Not sure.", setSentence(set, classCount)));
    else if (set !== void 0) {
      const sentence = \`Sure: the set that holds the true class for \${percent(coverage, 0)} of photos is this class alone.\`;
      parts.push(element("p", sentence, "note"));
    }
    parts.push(classList(top));
    if (evidence?.png !== void 0) parts.push(evidenceFigure(name, evidence, evidence.png));
    if (like !== void 0) parts.push(...likeList(like));
    return parts;
  }
  function marked(word, rest) {
    const paragraph = element("p", "", "mark");
    paragraph.append(element("strong", word), \` \${rest}\`);
    return paragraph;
  }
  function setSentence(set, classCount) {
    const named = set.slice(0, mostNamed).join(", ");
    const more = set.length > mostNamed ? \` and \${set.length - mostNamed} more\` : "";
    return \`The set that holds the true class for \${percent(coverage, 0)} of photos has \${set.length} of \${classCount} classes: \${named}\${more}.\`;
  }
  function classList(top) {
    const list2 = element("ol", "", "top");
    for (const { class: name, probability } of top) {
      const item = document.createElement("li");
      item.append(element("span", name, "name"), element("span", percent(probability), "share"), bar(probability));
      list2.append(item);
    }
    return list2;
  }
  function evidenceFigure(name, { class: ofClass, map }, png) {
    const image = document.createElement("img");
    const bytes = Uint8Array.from(atob(png), (character) => character.charCodeAt(0));
    const url = URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
    image.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
    image.src = url;
    image.alt = \`Evidence for \${ofClass} in \${name}: most at the \${highestPlace(map)}\`;
    const figure = document.createElement("figure");
    figure.append(
      image,
      element(
        "figcaption",
        \`Evidence for \${ofClass} in what the network sees of the photo: yellow most, dark purple least\`
      )
    );
    return figure;
  }
  function likeList(like) {
    const list2 = element("ol", "", "like");
    for (const { id, label, similarity } of like) {
      const item = document.createElement("li");
      item.append(
        element("span", label, "name"),
        element("span", similarity.toFixed(3), "share"),
        element("span", id, "id")
      );
      list2.append(item);
    }
    return [element("p", "Nearest training photos, by the cosine of their features:", "note"), list2];
  }
  function percent(probability, digits = 1) {
    return \`\${(probability * 100).toFixed(digits)} %\`;
  }
  function bar(probability) {
    const outer = element("span", "", "bar");
    outer.setAttribute("aria-hidden", "true");
    const inner = document.createElement("span");
    inner.style.width = \`\${probability * 100}%\`;
    outer.append(inner);
    return outer;
  }
  var thumbnailSide = { most: 480, least: 96 };
  function openCard(name, headCount) {
    const card = document.createElement("li");
    if (headCount > 1) card.className = "several";
    card.append(element("h3", name), element("p", "Waiting for its answer …", "note"));
    return card;
  }
  async function showThumbnail(card, name, photo) {
    const heading = card.querySelector("h3");
    try {
      const image = await createImageBitmap(photo);
      const side = Math.max(image.width, image.height);
      const scale = Math.min(thumbnailSide.most, Math.max(thumbnailSide.least, side)) / side;
      const canvas = document.createElement("canvas");
      canvas.width = Math.max(1, Math.round(image.width * scale));
      canvas.height = Math.max(1, Math.round(image.height * scale));
      canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
      image.close();
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", \`Photo \${name}\`);
      heading?.after(canvas);
    } catch {
      heading?.after(element("p", "No thumbnail: this browser does not show such files.", "note unseen"));
    }
  }
  function showAnswers(card, name, answers, served2) {
    const failure = answers[0]?.failed[0];
    if (failure !== void 0) {
      showFailure(card, failure.reason);
      return;
    }
    const heads = document.createElement("div");
    heads.className = "heads";
    answers.forEach(({ head, images }, i) => {
      const part = document.createElement("div");
      if (answers.length > 1) part.append(element("h4", head));
      for (const said of images) part.append(...headPart(name, said, served2[i]?.classes.length ?? 0));
      heads.append(part);
    });
    replaceNote(card, heads);
  }
  function showFailure(card, reason) {
    card.querySelector(".unseen")?.remove();
    replaceNote(card, element("p", \`No answer: \${reason}\`, "failed"));
  }
  function replaceNote(card, content) {
    card.querySelector(":scope > .note:last-child, :scope > .failed, :scope > .heads")?.remove();
    card.append(content);
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
  var served = [];
  var waiting = [];
  var asked = 0;
  var added = 0;
  var answered = 0;
  var skipped = 0;
  var round = 0;
  async function begin() {
    try {
      served = await servedHeads();
      tokenForm.hidden = true;
      tellLimits();
      byId("heads").textContent = served.map(
        ({ head, model, accuracy, classes }) => \`\${head} (\${model}): \${classes.length} classes, \${(accuracy * 100).toFixed(1)} % right on held-out photos\`
      ).join("\\n");
      next();
    } catch (error) {
      if (error instanceof TokenWanted) wantToken();
      else byId("heads").textContent = \`The server does not answer: \${error.message}\`;
    }
  }
  function tellLimits() {
    const words = { set: "no sets of classes", like: "no training photos", evidence: "no evidence map" };
    const lines = served.flatMap(
      ({ head, without }) => ["set", "like", "evidence"].flatMap(
        (field) => without[field] === void 0 ? [] : [\`\${head}: \${words[field]}, since \${without[field]}\`]
      )
    );
    byId("limits").hidden = lines.length === 0;
    byId("limit-list").replaceChildren(...lines.map((line) => element("li", line)));
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
      const card = openCard(name, served.length);
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
    if (photo.size > 0 && card.querySelector("canvas") === null) await showThumbnail(card, name, photo);
    try {
      if (photo.size === 0) showFailure(card, "the file is empty");
      else showAnswers(card, name, await classify(photo, questionFor(served)), served);
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
