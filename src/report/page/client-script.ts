/** `client/`, bundled; `npm run page` makes this file. */
export const clientScript: string = `"use strict";
(() => {
  var noFilters = {
    className: "",
    answer: "all",
    side: "all",
    least: 0,
    most: 100,
    suspected: false,
    copies: false,
    region: []
  };
  function countFilters(filters) {
    const { className, answer, side, least, most, suspected, copies: copies2, region } = filters;
    return [
      className !== "",
      answer !== "all",
      side !== "all",
      least > 0 || most < 100,
      suspected,
      copies2,
      region.length > 0
    ].filter(Boolean).length;
  }
  function classesNamed(text, classes) {
    const wanted = text.trim().toLowerCase();
    const names = classes.map((name) => name.toLowerCase());
    const exact = names.indexOf(wanted);
    if (exact >= 0) return /* @__PURE__ */ new Set([exact]);
    return new Set(names.flatMap((name, c) => name.includes(wanted) ? [c] : []));
  }
  function imageFilter(filters, group, run, inRegion) {
    const named = filters.className === "" ? void 0 : classesNamed(filters.className, group.classes);
    const byAnswer = filters.answer !== "all" || filters.least > 0 || filters.most < 100;
    return (place) => {
      const verdict = run.verdict(place);
      const label = group.labels[place];
      if (filters.side !== "all" && filters.side === "test" !== group.isTested(place)) return false;
      if (filters.suspected && !run.suspicions.has(place)) return false;
      if (filters.copies && !group.twinsOf.has(place)) return false;
      if (named !== void 0 && !(named.has(label ?? -1) || named.has(verdict?.predicted ?? -1))) return false;
      if (byAnswer) {
        if (verdict === void 0) return false;
        if (filters.answer !== "all" && filters.answer === "right" !== (verdict.predicted === label)) return false;
        const confidence = verdict.probability * 100;
        if (confidence < filters.least || confidence > filters.most) return false;
      }
      return filters.region.length === 0 || inRegion(place);
    };
  }
  function sorted(places, order, group, run) {
    const key = (place) => {
      const verdict = run.verdict(place);
      const suspicion = run.suspicions.get(place);
      switch (order) {
        case "telling":
          if (verdict === void 0) return 3;
          return verdict.predicted === group.labels[place] ? 1 + verdict.probability : 1 - verdict.probability;
        case "labels":
          return suspicion === void 0 ? Number.MAX_SAFE_INTEGER : suspicion.rank;
        case "doubtful":
          return verdict === void 0 ? 2 : verdict.probability;
        case "id":
          return 0;
      }
    };
    const keys = new Map(places.map((place) => [place, key(place)]));
    const ids = group.ids;
    return [...places].sort(
      (a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0) || ((ids[a] ?? "") < (ids[b] ?? "") ? -1 : (ids[a] ?? "") > (ids[b] ?? "") ? 1 : 0)
    );
  }
  function firstView(runCount) {
    return { run: 0, left: 0, right: Math.min(1, runCount - 1), order: "telling", filters: noFilters };
  }
  var answers = ["right", "wrong"];
  var sides = ["test", "training"];
  var orders = ["labels", "doubtful", "id"];
  function formatAddress(at2, views, runs) {
    const words = new URLSearchParams();
    for (const [g, { run, left, right, order, filters }] of views.entries()) {
      const first = firstView(runs[g]?.length ?? 0);
      const say = (name, value, usual) => {
        if (value !== usual) words.set(g === 0 ? name : \`\${g + 1}.\${name}\`, String(value));
      };
      const nameOf = (i) => runs[g]?.[i] ?? "";
      say("run", nameOf(run), nameOf(first.run));
      say("left", nameOf(left), nameOf(first.left));
      say("right", nameOf(right), nameOf(first.right));
      say("order", order, first.order);
      say("class", filters.className, "");
      say("answer", filters.answer, "all");
      say("side", filters.side, "all");
      say("least", filters.least, 0);
      say("most", filters.most, 100);
      say("suspected", Number(filters.suspected), 0);
      say("copies", Number(filters.copies), 0);
      say("region", filters.region.map((value) => value.toFixed(3)).join(" "), "");
    }
    const rest = words.toString();
    return [at2, rest].filter((part) => part !== "").join("&");
  }
  function parseAddress(hash, runs) {
    const [first = "", ...others] = hash.replace(/^#/, "").split("&");
    const at2 = first.includes("=") ? "" : first;
    const words = new URLSearchParams(first.includes("=") ? [first, ...others].join("&") : others.join("&"));
    const views = runs.map((names, g) => {
      const usual = firstView(names.length);
      const word = (name) => words.get(g === 0 ? name : \`\${g + 1}.\${name}\`) ?? "";
      const place = (name, otherwise) => {
        const found = names.indexOf(word(name));
        return found < 0 ? otherwise : found;
      };
      return {
        run: place("run", usual.run),
        left: place("left", usual.left),
        right: place("right", usual.right),
        order: orders.find((each) => each === word("order")) ?? usual.order,
        filters: {
          className: word("class"),
          answer: answers.find((each) => each === word("answer")) ?? "all",
          side: sides.find((each) => each === word("side")) ?? "all",
          least: percent(word("least"), 0),
          most: percent(word("most"), 100),
          suspected: word("suspected") === "1",
          copies: word("copies") === "1",
          region: corners(word("region"))
        }
      };
    });
    return { at: at2, views };
  }
  function percent(text, otherwise) {
    const value = Number(text);
    return text === "" || !(value >= 0 && value <= 100) ? otherwise : value;
  }
  function corners(text) {
    const values = text.split(" ").filter((word) => word !== "").map(Number);
    return values.length >= 6 && values.length % 2 === 0 && values.every((value) => value >= -1 && value <= 2) ? values : [];
  }
  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== void 0 && value !== false) made.setAttribute(key, value === true ? "" : String(value));
    }
    made.append(...children.filter((child) => child !== void 0));
    return made;
  }
  function breakable(name) {
    const made = document.createDocumentFragment();
    for (const [i, part] of name.split(/(?<=[_/])(?=[^\\s_/])/).entries()) {
      if (i > 0) made.append(document.createElement("wbr"));
      made.append(part);
    }
    return made;
  }
  function one(selector, root = document) {
    const found = root.querySelector(selector);
    if (found === null) throw new Error(\`the page has no \${selector}\`);
    return found;
  }
  function all(selector, root = document) {
    return [...root.querySelectorAll(selector)];
  }
  function count(value) {
    return value.toLocaleString("en-US");
  }
  function percent2(value) {
    return \`\${(value * 100).toFixed(1)} %\`;
  }
  function counted(value, noun) {
    return \`\${count(value)} \${noun}\${value === 1 ? "" : "s"}\`;
  }
  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }
  function fitCanvas(canvas, width, height) {
    const scale = Math.max(2, window.devicePixelRatio || 1);
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.width = \`\${width}px\`;
    canvas.style.height = \`\${height}px\`;
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
  }
  async function copyText(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const field = element("textarea", { readonly: true, class: "off-screen", "aria-hidden": "true" });
      field.value = text;
      (document.querySelector("dialog[open]") ?? document.body).append(field);
      field.select();
      const done = document.execCommand("copy");
      field.remove();
      return done;
    }
  }
  function copies(button, textOf) {
    const usual = button.textContent;
    let waiting = 0;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      button.textContent = await copyText(textOf()) ? "Copied" : "Not allowed here";
      window.clearTimeout(waiting);
      waiting = window.setTimeout(() => {
        button.textContent = usual;
      }, 1600);
    });
  }
  function startCopyButtons() {
    for (const button of all("button[data-copy]")) copies(button, () => button.dataset["copy"] ?? "");
  }
  function download(name, text) {
    const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    const link = element("a", { href: url, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    window.setTimeout(() => URL.revokeObjectURL(url), 1e4);
  }
  function isWithin(corners2, x, y) {
    let inside = false;
    const count2 = corners2.length / 2;
    for (let i = 0, j = count2 - 1; i < count2; j = i++) {
      const [xi = 0, yi = 0, xj = 0, yj = 0] = [corners2[2 * i], corners2[2 * i + 1], corners2[2 * j], corners2[2 * j + 1]];
      if (yi > y !== yj > y && x < (xj - xi) * (y - yi) / (yj - yi) + xi) inside = !inside;
    }
    return inside;
  }
  function fewerCorners(corners2, most = 32) {
    const count2 = corners2.length / 2;
    if (count2 <= most) return [...corners2];
    return Array.from({ length: most }, (_, k) => Math.floor(k * count2 / most)).flatMap((i) => [
      corners2[2 * i] ?? 0,
      corners2[2 * i + 1] ?? 0
    ]);
  }
  var Explorer = class {
    group;
    /** The part of the page that shows it. */
    root;
    selected = /* @__PURE__ */ new Set();
    #view;
    #shown;
    #parts = [];
    #selectionParts = [];
    /** Dot of each image on the map, x and y from 0 to 1 by the view in sight. */
    #dotOf = () => void 0;
    constructor(group, root) {
      this.group = group;
      this.root = root;
      this.#view = firstView(group.runs.length);
    }
    get view() {
      return this.#view;
    }
    get run() {
      return this.group.runs[this.#view.run];
    }
    get filterCount() {
      return countFilters(this.#view.filters);
    }
    /** Where images lie on the map, which decides what a region holds. */
    placeDots(dotOf) {
      this.#dotOf = dotOf;
      this.#shown = void 0;
    }
    /** Called whenever another view is shown. */
    onView(part) {
      this.#parts.push(part);
    }
    onSelection(part) {
      this.#selectionParts.push(part);
    }
    show(change) {
      this.#view = { ...this.#view, ...change };
      this.#shown = void 0;
      for (const part of this.#parts) part();
    }
    filter(change) {
      this.show({ filters: { ...this.#view.filters, ...change } });
    }
    clearFilters() {
      this.show({ filters: noFilters });
    }
    select(places, selected) {
      for (const place of places) {
        if (selected) this.selected.add(place);
        else this.selected.delete(place);
      }
      for (const part of this.#selectionParts) part();
    }
    /** The photos and the selection by another run: what a tile and the viewer ask for. */
    by(run) {
      const { group, selected } = this;
      return { group, run, selected, select: (places, chosen) => this.select(places, chosen) };
    }
    /** Tells whether an image passes filters, those in sight unless others are given. */
    passes(filters = this.#view.filters) {
      const { region } = filters;
      return imageFilter(filters, this.group, this.run, (place) => {
        const dot = this.#dotOf(place);
        return dot !== void 0 && isWithin(region, dot[0], dot[1]);
      });
    }
    /** Places of the images that pass, in the order asked for. */
    get shown() {
      this.#shown ??= sorted([...this.group.ids.keys()].filter(this.passes()), this.#view.order, this.group, this.run);
      return this.#shown;
    }
  };
  function bytesOf(base64) {
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes.buffer;
  }
  function u16(base64) {
    return new Uint16Array(bytesOf(base64));
  }
  function u32(base64) {
    return new Uint32Array(bytesOf(base64));
  }
  var noClass = 65535;
  var noPlace = 4294967295;
  function share(value) {
    return (value ?? 0) / 65535;
  }
  var Run = class {
    name;
    answers;
    /** Answers to each image, by place. */
    answersOf;
    suspicions;
    /** True class, predicted class and count, one after the other. */
    cells;
    order;
    perClass;
    #top;
    constructor(json, tested) {
      this.name = json.name;
      this.answers = json.answers === void 0 ? [] : answersOf(json.answers, tested);
      const byPlace = /* @__PURE__ */ new Map();
      for (const answer of this.answers) {
        const own = byPlace.get(answer.place);
        if (own === void 0) byPlace.set(answer.place, [answer]);
        else own.push(answer);
      }
      this.answersOf = byPlace;
      const { image, suggestion, label, suggested } = json.suspects;
      const [labels, probabilities, suggestions] = [u16(label), u16(suggested), u16(suggestion)];
      this.suspicions = new Map(
        Array.from(u32(image), (place, rank) => [
          place,
          {
            suggestion: suggestions[rank] ?? noClass,
            labelProbability: share(labels[rank]),
            suggestionProbability: share(probabilities[rank]),
            rank
          }
        ])
      );
      this.cells = u32(json.cells);
      this.order = u16(json.order);
      this.perClass = json.perClass;
      this.#top = json.top === void 0 ? void 0 : { count: json.top.count, classes: u16(json.top.classes), probabilities: u16(json.top.probabilities) };
    }
    /** The most probable classes of an answer; none where the report does not say. */
    topOf({ number }) {
      const top = this.#top;
      if (top === void 0) return [];
      return Array.from({ length: top.count }, (_, i) => ({
        c: top.classes[number * top.count + i] ?? noClass,
        probability: share(top.probabilities[number * top.count + i])
      }));
    }
    /**
     * The answer that speaks for an image: the most confident wrong one where there is one, else the first. Undefined for
     * an image that was not tested.
     */
    verdict(place) {
      return this.#verdicts.get(place);
    }
    #verdicts = /* @__PURE__ */ new Map();
    /** Must be called once, with the label of each image. */
    judge(labels) {
      for (const [place, answers2] of this.answersOf) {
        const wrong = answers2.filter(({ predicted }) => predicted !== labels[place]);
        const worst = wrong.reduce(
          (a, b) => a === void 0 || b.probability > a.probability ? b : a,
          void 0
        );
        const verdict = worst ?? answers2[0];
        if (verdict !== void 0) this.#verdicts.set(place, verdict);
      }
    }
  };
  function answersOf(json, { image, repeat }) {
    const [predicted, probability, truth] = [u16(json.predicted), u16(json.probability), u16(json.trueProbability)];
    return Array.from(image, (place, number) => ({
      number,
      place,
      repeat: repeat[number] ?? 0,
      predicted: predicted[number] ?? noClass,
      probability: share(probability[number]),
      trueProbability: share(truth[number])
    }));
  }
  var Group = class {
    classes;
    ids;
    /** Class of each image. */
    labels;
    runs;
    folder;
    map;
    /** The other photo of each image that has one that is nearly the same. */
    twinsOf;
    #json;
    #near;
    /** Repeats in which each image was tested. */
    #testedIn = /* @__PURE__ */ new Map();
    constructor(json) {
      this.#json = json;
      this.classes = json.classes;
      this.ids = json.images.ids;
      this.labels = u16(json.images.labels);
      this.folder = json.images.folder;
      const tested = { image: u32(json.tested.image), repeat: u16(json.tested.repeat) };
      for (const [i, place] of tested.image.entries()) {
        const repeats = this.#testedIn.get(place) ?? /* @__PURE__ */ new Set();
        this.#testedIn.set(place, repeats.add(tested.repeat[i] ?? 0));
      }
      this.runs = json.runs.map((run) => new Run(run, tested));
      for (const run of this.runs) run.judge(this.labels);
      const twins = /* @__PURE__ */ new Map();
      for (const [a, b] of json.twins) {
        for (const [one2, other] of [
          [a, b],
          [b, a]
        ]) {
          const own = twins.get(one2);
          if (own === void 0) twins.set(one2, [other]);
          else own.push(other);
        }
      }
      this.twinsOf = twins;
      const { near, map } = json;
      this.#near = near === void 0 ? void 0 : { count: near.count, nearest: u32(near.nearest), similarity: u16(near.similarity) };
      this.map = map === void 0 ? void 0 : { image: u32(map.image), views: map.views.map((view) => ({ ...view, points: u16(view.points) })) };
    }
    className(c) {
      return c === void 0 || c === noClass ? "not known" : this.classes[c] ?? "not known";
    }
    /** Relative to the data folder; undefined where it is not known. */
    pathOf(place) {
      const { paths, pattern } = this.#json.images;
      return paths[place] ?? (pattern === null ? void 0 : pattern[0] + (this.ids[place] ?? "") + pattern[1]);
    }
    /** As a command line names it. */
    filePath(place) {
      const path = this.pathOf(place);
      return path === void 0 || this.folder === "" ? path : \`\${this.folder.replace(/[\\\\/]$/, "")}/\${path}\`;
    }
    /** From the page; undefined where there is none. */
    fileLink(place) {
      const path = this.pathOf(place);
      const { link } = this.#json.images;
      return path === void 0 || link === "" ? void 0 : \`\${link}/\${path.split("/").map(encodeURIComponent).join("/")}\`;
    }
    /** A picture as a data URI; undefined where the page has none. */
    photo(place) {
      const base64 = this.#json.images.photos[place];
      return base64 === void 0 || base64 === "" ? void 0 : \`data:image/webp;base64,\${base64}\`;
    }
    isTested(place) {
      return this.#testedIn.has(place);
    }
    /** Images most like this one that a head had seen in training when this one was tested; of an untested one any. */
    nearestTraining(place) {
      const near = this.#near;
      if (near === void 0) return [];
      const found = [];
      for (let at2 = place * near.count; at2 < (place + 1) * near.count; at2++) {
        const other = near.nearest[at2];
        if (other === void 0 || other === noPlace) break;
        if (this.#wasTrainedOn(other, place)) found.push({ place: other, similarity: share(near.similarity[at2]) });
      }
      return found;
    }
    #wasTrainedOn(other, place) {
      const testedIn = this.#testedIn.get(place);
      const ofOther = this.#testedIn.get(other);
      if (testedIn === void 0 || ofOther === void 0) return true;
      return [...testedIn].some((repeat) => !ofOther.has(repeat));
    }
  };
  var collator = new Intl.Collator("en", { numeric: true });
  function sortable(table) {
    const headings = all("thead th", table);
    headings.forEach((heading, column) => {
      heading.querySelector("button")?.addEventListener("click", () => {
        const numeric = heading.classList.contains("number");
        const was = heading.getAttribute("aria-sort");
        const ascending = was === "none" ? !numeric : was === "descending";
        for (const other of headings) other.setAttribute("aria-sort", "none");
        heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        const value = (row) => row.cells[column]?.dataset["value"] ?? "";
        const body = table.tBodies[0];
        const rows = [...body?.rows ?? []].sort((a, b) => {
          const order = numeric ? Number(value(a)) - Number(value(b)) : collator.compare(value(a), value(b));
          return ascending ? order : -order;
        });
        body?.append(...rows);
      });
    });
  }
  function whenSeen(place, draw) {
    let [inSight, stale] = [false, true];
    const update = () => {
      if (!stale) return;
      stale = false;
      draw();
    };
    new IntersectionObserver(
      (entries) => {
        inSight = entries.at(-1)?.isIntersecting ?? false;
        if (inSight) update();
      },
      { rootMargin: "300px" }
    ).observe(place);
    window.addEventListener("beforeprint", update);
    return () => {
      stale = true;
      if (inSight) update();
    };
  }
  var atFirst = 200;
  function startClasses(explorer) {
    const part = one("[data-part=classes]", explorer.root);
    const place = one("[data-control=table]", part);
    const more = one("[data-control=more]", part);
    const { group } = explorer;
    const figure = (at2) => (c) => explorer.run.perClass[c]?.[at2];
    const tested = (at2) => (c) => (figure(1)(c) ?? 0) > 0 ? figure(at2)(c) : void 0;
    const columns = [
      { title: "trained", hint: "training images, mean over the repeats", value: figure(0), shown: count },
      { title: "tested", hint: "test images, all repeats together", value: figure(1), shown: count },
      { title: "precision", hint: "of those called so, the share that is", value: tested(2), shown: percent2 },
      { title: "recall", hint: "of those that are, the share that was called so", value: tested(3), shown: percent2 },
      { title: "F1", hint: "harmonic mean of precision and recall", value: tested(4), shown: (f1) => f1.toFixed(3) }
    ];
    const draw = (most) => {
      const named = [...classesNamed(explorer.view.filters.className, group.classes)];
      const known = columns.filter(({ value }) => named.some((c) => (value(c) ?? -1) >= 0));
      const heading = (title, kind, hint) => element(
        "th",
        { scope: "col", class: kind, "aria-sort": "none" },
        element("button", { type: "button", title: hint }, title)
      );
      const table = element(
        "table",
        {},
        element("caption", {}, "Precision, recall and F1 of every class"),
        element(
          "thead",
          {},
          element("tr", {}, heading("class", "text"), ...known.map(({ title, hint }) => heading(title, "number", hint)))
        ),
        element(
          "tbody",
          {},
          ...named.slice(0, most).map((c) => {
            const name = group.className(c);
            const pick = element("button", { type: "button", class: "plain-button" }, name);
            pick.addEventListener("click", () => explorer.filter({ className: name }));
            return element(
              "tr",
              {},
              element("th", { scope: "row", "data-value": name }, pick),
              ...known.map(({ value, shown }) => {
                const found = value(c);
                return element(
                  "td",
                  { class: "number", "data-value": found ?? -1 },
                  found === void 0 ? "–" : shown(found)
                );
              })
            );
          })
        )
      );
      sortable(table);
      place.replaceChildren(table);
      more.hidden = named.length <= most;
      more.textContent = \`Show all \${count(named.length)} classes\`;
    };
    more.addEventListener("click", () => draw(group.classes.length));
    explorer.onView(whenSeen(part, () => draw(atFirst)));
  }
  function selectionCsv(places, group, run) {
    const lines = [["id", "label", "suggestion", "path"]];
    for (const place of places) {
      const suspicion = run.suspicions.get(place);
      lines.push([
        group.ids[place] ?? "",
        group.className(group.labels[place]),
        suspicion === void 0 ? "" : group.className(suspicion.suggestion),
        group.filePath(place) ?? ""
      ]);
    }
    return \`\${lines.map((line) => line.map(csvField).join(",")).join("\\n")}
\`;
  }
  var formula = /^'*[=+\\-@\\t\\r\\uff1d\\uff0b\\uff0d\\uff20]/;
  function csvField(field) {
    const text = formula.test(field) ? \`'\${field}\` : field;
    return /[",\\r\\n]/.test(text) ? \`"\${text.replaceAll('"', '""')}"\` : text;
  }
  function tile(seen, place, open) {
    const { group, run } = seen;
    const label = group.labels[place];
    const verdict = run.verdict(place);
    const suspicion = run.suspicions.get(place);
    const right = verdict?.predicted === label;
    const said = verdict === void 0 ? element("span", { class: "soft" }, group.isTested(place) ? "no answer kept" : "in training") : right ? element("span", { class: "recognized" }, \`right, \${percent2(verdict.probability)}\`) : element(
      "span",
      { class: "taken" },
      "taken for ",
      breakable(group.className(verdict.predicted)),
      \`, \${percent2(verdict.probability)}\`
    );
    const button = element("button", { type: "button", class: "open", tabindex: -1 }, picture(seen, place, 128));
    button.addEventListener("click", open);
    const box = element("input", { type: "checkbox", tabindex: -1, "aria-label": \`select \${group.ids[place] ?? ""}\` });
    box.checked = seen.selected.has(place);
    box.addEventListener("change", () => seen.select([place], box.checked));
    return element(
      "li",
      { "data-place": place },
      button,
      box,
      element("b", {}, breakable(group.className(label))),
      said,
      suspicion === void 0 ? void 0 : element("span", { class: "doubt" }, "relabel as ", breakable(group.className(suspicion.suggestion)), "?")
    );
  }
  function picture(seen, place, side) {
    const { group } = seen;
    const source = group.photo(place);
    const name = \`\${group.className(group.labels[place])}, \${group.ids[place] ?? ""}\`;
    return source === void 0 ? element("span", { class: "no-photo", role: "img", "aria-label": name }, "no photo") : element("img", { src: source, alt: name, width: side, height: side, loading: "lazy", decoding: "async" });
  }
  function walkable(list) {
    const buttons = () => [...list.querySelectorAll("button.open")];
    const first = buttons()[0];
    if (first !== void 0) first.tabIndex = 0;
    list.onkeydown = (event) => {
      const own = buttons();
      const i = own.indexOf(event.target);
      if (i < 0) return;
      if (event.key === "x") {
        own[i]?.parentElement?.querySelector("input")?.click();
        return;
      }
      const top = (button) => button?.getBoundingClientRect().top ?? 0;
      const perRow = Math.max(1, own.filter((button) => top(button) === top(own[0])).length);
      const steps = {
        ArrowRight: 1,
        ArrowLeft: -1,
        ArrowDown: perRow,
        ArrowUp: -perRow,
        Home: -i,
        End: own.length - 1 - i
      };
      const step = steps[event.key];
      const to = own[i + (step ?? 0)];
      if (step === void 0 || to === void 0) return;
      event.preventDefault();
      for (const button of own) button.tabIndex = -1;
      to.tabIndex = 0;
      to.focus();
    };
  }
  function markSelected(list, selected) {
    for (const item of list.querySelectorAll("li[data-place]")) {
      const box = item.querySelector("input");
      if (box !== null) box.checked = selected.has(Number(item.dataset["place"]));
    }
  }
  var atOnce = 48;
  function startGallery(explorer, openViewer2) {
    const part = one("[data-part=gallery]", explorer.root);
    const list = one("ul.photos", part);
    const more = one("[data-control=more]", part);
    const order = one("[data-control=order]", part);
    const none = one("[data-control=none]", part);
    let drawn = 0;
    const append = () => {
      const next = explorer.shown.slice(drawn, drawn + atOnce);
      const from = drawn;
      list.append(...next.map((place, i) => tile(explorer, place, () => openViewer2(explorer, explorer.shown, from + i))));
      drawn += next.length;
      const left = explorer.shown.length - drawn;
      more.hidden = left === 0;
      more.textContent = \`Show \${Math.min(atOnce, left)} more of \${count(left)}\`;
      walkable(list);
    };
    const draw = () => {
      drawn = 0;
      list.replaceChildren();
      none.hidden = explorer.shown.length > 0;
      order.value = explorer.view.order;
      append();
    };
    more.addEventListener("click", append);
    order.addEventListener("change", () => explorer.show({ order: order.value }));
    explorer.onView(whenSeen(part, draw));
    explorer.onSelection(() => markSelected(list, explorer.selected));
    startSelection(explorer, part);
  }
  function startSelection(explorer, part) {
    const bar = one("[data-part=selection]", part);
    const status = one("[data-control=selected]", bar);
    const control = (name) => one(\`[data-control=\${name}]\`, bar);
    const csv = () => selectionCsv(explorer.selected, explorer.group, explorer.run);
    const paths = () => \`\${[...explorer.selected].map((place) => explorer.group.filePath(place) ?? explorer.group.ids[place] ?? "").join("\\n")}
\`;
    control("select-shown").addEventListener("click", () => explorer.select(explorer.shown, true));
    control("select-none").addEventListener("click", () => explorer.select([...explorer.selected], false));
    control("download").addEventListener("click", () => download("selected-photos.csv", csv()));
    copies(control("copy-csv"), csv);
    copies(control("copy-paths"), paths);
    const update = () => {
      const { size } = explorer.selected;
      status.textContent = size === 0 ? "No photo is selected." : \`\${counted(size, "photo")} selected.\`;
      for (const name of ["select-none", "download", "copy-csv", "copy-paths"]) control(name).disabled = size === 0;
      control("select-shown").textContent = \`Select all \${count(explorer.shown.length)} shown\`;
      control("select-shown").disabled = explorer.shown.length === 0;
    };
    explorer.onSelection(update);
    explorer.onView(update);
    update();
  }
  var mostColours = 12;
  var pad = 14;
  var mostListed = 24;
  var reach = 9;
  function startMap(explorer, openViewer2) {
    const { group } = explorer;
    const part = explorer.root.querySelector("[data-part=map]");
    const data2 = group.map;
    if (part === null || data2 === void 0) return;
    const frame = one(".map-frame", part);
    const canvas = one("canvas", frame);
    const tip = one(".tip", frame);
    const status = one("[data-control=dot]", part);
    const legend = one("[data-control=legend]", part);
    const draw = one("[data-control=draw]", part);
    const axes = one("[data-control=axes]", part);
    const listed2 = one("[data-control=listed]", part);
    const dotAt = new Map(Array.from(data2.image, (place, i) => [place, i]));
    let view = data2.views[0];
    let side = 0;
    let cursor;
    let line = [];
    let drawing = false;
    const position = (i) => [
      (view.points[2 * i] ?? 0) / 65535,
      1 - (view.points[2 * i + 1] ?? 0) / 65535
    ];
    explorer.placeDots((place) => {
      const i = dotAt.get(place);
      return i === void 0 ? void 0 : position(i);
    });
    const screen = ([x, y]) => [
      pad + x * (side - 2 * pad),
      pad + y * (side - 2 * pad)
    ];
    function kindOf(place) {
      const verdict = explorer.run.verdict(place);
      if (verdict === void 0) return "untested";
      return verdict.predicted === group.labels[place] ? "right" : "wrong";
    }
    function paint() {
      side = Math.min(frame.clientWidth, 640);
      const context = fitCanvas(canvas, side, side);
      const passes = explorer.passes();
      const { className } = explorer.view.filters;
      const picked = className === "" ? void 0 : classesNamed(className, group.classes);
      const byClass = group.classes.length <= mostColours;
      const colours = { right: colour("--right"), wrong: colour("--wrong"), untested: colour("--soft") };
      const classColours = group.classes.map((_, c) => colour(\`--class-\${c % mostColours}\`));
      const radius = data2 !== void 0 && data2.image.length > 800 ? 3 : 4.5;
      const dots = Array.from(data2?.image ?? [], (place, i) => ({ place, i, passes: passes(place) }));
      const rank = ({ place, passes: passes2 }) => (passes2 ? 10 : 0) + { untested: 0, right: 1, wrong: 2 }[kindOf(place)];
      dots.sort((a, b) => rank(a) - rank(b));
      for (const { place, i, passes: own } of dots) {
        const [x, y] = screen(position(i));
        const label = group.labels[place] ?? 0;
        context.beginPath();
        context.arc(x, y, own && picked !== void 0 ? radius + 1.5 : radius, 0, 2 * Math.PI);
        context.fillStyle = (byClass ? classColours[label] : colours[kindOf(place)]) ?? colours.untested;
        context.globalAlpha = own ? byClass || kindOf(place) !== "untested" ? 0.85 : 0.5 : 0.1;
        context.fill();
        context.globalAlpha = 1;
        if (own && picked?.has(label) === true) {
          context.strokeStyle = colour("--ink");
          context.lineWidth = 1.5;
          context.stroke();
        }
      }
      if (cursor !== void 0) {
        const [x, y] = screen(position(cursor));
        context.beginPath();
        context.arc(x, y, radius + 4, 0, 2 * Math.PI);
        context.strokeStyle = colour("--ink");
        context.lineWidth = 2;
        context.stroke();
      }
      const region = drawing ? line : explorer.view.filters.region;
      if (region.length >= 4) {
        context.beginPath();
        for (let i = 0; i < region.length; i += 2) context.lineTo(...screen([region[i] ?? 0, region[i + 1] ?? 0]));
        context.closePath();
        context.strokeStyle = colour("--accent");
        context.lineWidth = 2;
        context.setLineDash([5, 4]);
        context.stroke();
        context.setLineDash([]);
        context.globalAlpha = 0.08;
        context.fillStyle = colour("--accent");
        context.fill();
        context.globalAlpha = 1;
      }
      axes.textContent = \`Across \${view.x}, up \${view.y}.\`;
      explain(byClass);
    }
    function explain(byClass) {
      const item = (name, text) => {
        const swatch = element("span", { class: "swatch" });
        swatch.style.background = \`var(\${name})\`;
        return element("li", {}, swatch, text);
      };
      legend.replaceChildren(
        ...byClass ? group.classes.map((name, c) => item(\`--class-\${c}\`, name)) : [item("--right", \`right by \${explorer.run.name}\`), item("--wrong", "wrong"), item("--soft", "in training")]
      );
    }
    function nearestDot(x, y, within) {
      const passes = explorer.passes();
      let best;
      let least = within;
      for (const [i, place] of (data2?.image ?? new Uint32Array()).entries()) {
        const [dx, dy] = screen(position(i));
        const distance = Math.hypot(dx - x, dy - y);
        if (distance >= least || !passes(place)) continue;
        [best, least] = [i, distance];
      }
      return best;
    }
    function point(i) {
      if (i === cursor) return;
      cursor = i;
      paint();
      const place = i === void 0 ? void 0 : data2?.image[i];
      tip.hidden = i === void 0;
      if (i === void 0 || place === void 0) {
        say();
        return;
      }
      const verdict = explorer.run.verdict(place);
      const name = group.className(group.labels[place]);
      const said = verdict === void 0 ? "in training" : verdict.predicted === group.labels[place] ? \`right, \${percent2(verdict.probability)}\` : \`taken for \${group.className(verdict.predicted)}, \${percent2(verdict.probability)}\`;
      status.textContent = \`\${name}, \${said}; Enter or a click opens it\`;
      tip.replaceChildren(picture(explorer, place, 96), element("b", {}, name), element("span", {}, said));
      const [x, y] = screen(position(i));
      tip.style.left = \`\${Math.min(x + 12, Math.max(0, side - 150))}px\`;
      tip.style.top = \`\${y + 14}px\`;
    }
    function list() {
      const places = explorer.view.filters.region.length === 0 ? [] : explorer.shown.slice(0, mostListed);
      listed2.replaceChildren(
        ...places.map((place, i) => tile(explorer, place, () => openViewer2(explorer, explorer.shown, i)))
      );
      walkable(listed2);
    }
    function say() {
      const { region } = explorer.view.filters;
      const { length } = explorer.shown;
      status.textContent = region.length > 0 ? \`\${counted(length, "photo")} in the region that was drawn\${length > mostListed ? \`, the first \${mostListed} of them here, all above\` : ""}.\` : "Point at a dot to see its photo. Drag around some to list them.";
    }
    function open(i) {
      const place = data2?.image[i] ?? 0;
      const at3 = explorer.shown.indexOf(place);
      openViewer2(explorer, at3 < 0 ? [place] : explorer.shown, Math.max(0, at3));
    }
    const at2 = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    const share2 = ([x, y]) => [
      (x - pad) / (side - 2 * pad),
      (y - pad) / (side - 2 * pad)
    ];
    let started;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch" && !draw.checked) return;
      started = at2(event);
      line = [...share2(started)];
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const now = at2(event);
      if (started === void 0) {
        point(nearestDot(...now, reach));
        return;
      }
      if (!drawing && Math.hypot(now[0] - started[0], now[1] - started[1]) < 6) return;
      drawing = true;
      tip.hidden = true;
      line.push(...share2(now));
      paint();
    });
    canvas.addEventListener("pointerup", (event) => {
      const wasDrawing = drawing;
      started = void 0;
      drawing = false;
      if (wasDrawing) {
        explorer.filter({ region: fewerCorners(line).map((value) => Number(value.toFixed(3))) });
        return;
      }
      const found = nearestDot(...at2(event), reach + (event.pointerType === "touch" ? 8 : 0));
      if (found !== void 0 && !draw.checked) open(found);
    });
    canvas.addEventListener("pointercancel", () => {
      started = void 0;
      drawing = false;
      paint();
    });
    canvas.addEventListener("pointerleave", () => {
      if (!drawing) point(void 0);
    });
    canvas.addEventListener("keydown", (event) => {
      const steps = {
        ArrowRight: [1, 0],
        ArrowLeft: [-1, 0],
        ArrowDown: [0, 1],
        ArrowUp: [0, -1]
      };
      const step = steps[event.key];
      if (event.key === "Enter" && cursor !== void 0) {
        event.preventDefault();
        open(cursor);
      }
      if (event.key === "x" && cursor !== void 0) {
        const place = data2?.image[cursor] ?? 0;
        explorer.select([place], !explorer.selected.has(place));
      }
      if (event.key === "Escape") point(void 0);
      if (step === void 0) return;
      event.preventDefault();
      point(cursor === void 0 ? nearestDot(side / 2, side / 2, Number.POSITIVE_INFINITY) : towards(cursor, step));
    });
    canvas.addEventListener("blur", () => point(void 0));
    function towards(from, [dx, dy]) {
      const passes = explorer.passes();
      const [x, y] = screen(position(from));
      let best = from;
      let least = Number.POSITIVE_INFINITY;
      for (const [i, place] of (data2?.image ?? new Uint32Array()).entries()) {
        const [ox, oy] = screen(position(i));
        const along = (ox - x) * dx + (oy - y) * dy;
        const aside = Math.abs((ox - x) * dy) + Math.abs((oy - y) * dx);
        const distance = along + 2 * aside;
        if (i === from || along <= 0 || aside > 2 * along || distance >= least || !passes(place)) continue;
        [best, least] = [i, distance];
      }
      return best;
    }
    for (const radio of all("[data-control=projection]", part)) {
      radio.addEventListener("change", () => {
        view = data2.views[Number(radio.value)] ?? view;
        explorer.filter({ region: [] });
      });
    }
    draw.addEventListener("change", () => frame.classList.toggle("drawing", draw.checked));
    const again = whenSeen(part, () => {
      paint();
      say();
      list();
    });
    explorer.onView(again);
    explorer.onSelection(() => markSelected(listed2, explorer.selected));
    window.addEventListener("resize", again);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  }
  var manyClasses = 40;
  var listed = 15;
  var leastNamed = 11;
  var sizes = [6, 8, 11, 14, 18, 24, 32, 42];
  function startMatrix(explorer, openViewer2) {
    const part = one("[data-part=matrix]", explorer.root);
    const scroll = one(".matrix-scroll", part);
    const space = one(".matrix-space", scroll);
    const canvas = one("canvas", scroll);
    const status = one("[data-control=cell]", part);
    const note = one("[data-control=classes]", part);
    const confusedOnly = one("[data-control=confused]", part);
    const pairsList = one("ol", part);
    const allPairs = one("[data-control=all-pairs]", part);
    const { group } = explorer;
    confusedOnly.checked = group.classes.length > manyClasses;
    let pairs = [];
    let cells = /* @__PURE__ */ new Map();
    let totals = /* @__PURE__ */ new Map();
    let order = [];
    let side = sizes[3];
    let chosenSide;
    let margin = { left: 0, top: 0 };
    let cursor;
    const key = (t, p) => t * group.classes.length + p;
    function countCells() {
      const found = /* @__PURE__ */ new Map();
      if (explorer.filterCount === 0) {
        const { cells: all3 } = explorer.run;
        for (let i = 0; i < all3.length; i += 3) found.set(key(all3[i] ?? 0, all3[i + 1] ?? 0), all3[i + 2] ?? 0);
      } else {
        const passes = explorer.passes();
        for (const { place, predicted } of explorer.run.answers) {
          const at2 = key(group.labels[place] ?? 0, predicted);
          if (passes(place) && isAsked(group.labels[place] ?? 0, predicted)) found.set(at2, (found.get(at2) ?? 0) + 1);
        }
      }
      const all2 = [...found].map(([at2, number]) => [
        at2,
        { t: Math.floor(at2 / group.classes.length), p: at2 % group.classes.length, count: number }
      ]);
      cells = new Map(all2);
      totals = /* @__PURE__ */ new Map();
      for (const [, cell] of all2) totals.set(cell.t, (totals.get(cell.t) ?? 0) + cell.count);
      pairs = all2.map(([, cell]) => cell).filter(({ t, p }) => t !== p).sort((a, b) => b.count - a.count || shareOf(b) - shareOf(a) || a.t - b.t || a.p - b.p);
      const shown = /* @__PURE__ */ new Set();
      for (const { t, p } of confusedOnly.checked ? pairs : cells.values()) shown.add(t).add(p);
      if (!confusedOnly.checked && explorer.filterCount === 0) for (const c of group.classes.keys()) shown.add(c);
      order = Array.from(explorer.run.order).filter((c) => shown.has(c));
    }
    function isAsked(t, p) {
      const { answer, className } = explorer.view.filters;
      if (answer !== "all" && answer === "right" !== (t === p)) return false;
      if (className === "") return true;
      const named = classesNamed(className, group.classes);
      return named.has(t) || named.has(p);
    }
    function shareOf({ t, count: number }) {
      return number / Math.max(1, totals.get(t) ?? 1);
    }
    function update() {
      countCells();
      cursor = void 0;
      note.textContent = order.length === group.classes.length ? \`\${count(order.length)} classes\` : \`\${count(order.length)} of \${count(group.classes.length)} classes\${confusedOnly.checked ? ", those that are confused" : ""}\`;
      listPairs(listed);
      layOut();
      say();
    }
    function listPairs(most) {
      pairsList.replaceChildren(
        ...pairs.slice(0, most).map((pair) => {
          const button = element(
            "button",
            { type: "button", class: "pair" },
            element("b", {}, group.className(pair.t)),
            " taken for ",
            element("b", {}, group.className(pair.p)),
            element("span", { class: "count" }, \` \${count(pair.count)}× · \${percent2(shareOf(pair))}\`)
          );
          button.addEventListener("click", () => open(pair));
          return element("li", {}, button);
        })
      );
      one("[data-control=no-pairs]", part).hidden = pairs.length > 0;
      one("[data-control=once]", part).hidden = pairs.length === 0 || pairs.some((pair) => pair.count > 1);
      allPairs.hidden = pairs.length <= most;
      allPairs.textContent = \`Show all \${count(pairs.length)} pairs\`;
    }
    function layOut() {
      const room = scroll.clientWidth;
      const names = order.map((c) => group.className(c));
      const context = canvas.getContext("2d");
      context.font = font(12);
      const longest = Math.max(0, ...names.map((name) => context.measureText(name).width));
      const most = Math.min(190, room * 0.36);
      const fitting = Math.floor((room - Math.min(most, longest + 14) - 16) / Math.max(1, order.length));
      side = chosenSide ?? Math.min(34, Math.max(14, fitting));
      const named = side >= leastNamed;
      margin = named ? { left: Math.min(most, longest + 14), top: Math.min(150, longest + 14) } : { left: 10, top: 10 };
      space.style.width = \`\${margin.left + side * order.length + 16}px\`;
      space.style.height = \`\${margin.top + side * order.length + 16}px\`;
      draw();
    }
    const font = (size, weight = 400) => \`\${weight} \${size}px \${getComputedStyle(document.body).fontFamily}\`;
    function draw() {
      const width = Math.min(scroll.clientWidth, margin.left + side * order.length + 16);
      const height = Math.min(scroll.clientHeight, margin.top + side * order.length + 16);
      const context = fitCanvas(canvas, Math.max(1, width), Math.max(1, height));
      const [left, top] = [scroll.scrollLeft, scroll.scrollTop];
      const x = (column) => margin.left + column * side - left;
      const y = (row) => margin.top + row * side - top;
      const paint = {
        right: colour("--right"),
        wrong: colour("--wrong"),
        ink: colour("--ink"),
        soft: colour("--soft"),
        line: colour("--line"),
        sheet: colour("--sheet")
      };
      context.save();
      context.beginPath();
      context.rect(margin.left, margin.top, width - margin.left, height - margin.top);
      context.clip();
      if (cursor !== void 0) {
        context.fillStyle = paint.line;
        context.globalAlpha = 0.55;
        context.fillRect(margin.left, y(cursor.row), width, side);
        context.fillRect(x(cursor.column), margin.top, side, height);
        context.globalAlpha = 1;
      }
      const place = new Map(order.map((c, i) => [c, i]));
      const gap = side > 12 ? 0.75 : 0.25;
      for (const cell of cells.values()) {
        const [row, column] = [place.get(cell.t), place.get(cell.p)];
        if (row === void 0 || column === void 0) continue;
        if (y(row) < margin.top - side || y(row) > height || x(column) < margin.left - side || x(column) > width)
          continue;
        context.fillStyle = cell.t === cell.p ? paint.right : paint.wrong;
        context.globalAlpha = 0.22 + 0.78 * Math.sqrt(shareOf(cell));
        context.fillRect(x(column) + gap, y(row) + gap, side - 2 * gap, side - 2 * gap);
        context.globalAlpha = 1;
      }
      if (cursor !== void 0) {
        context.strokeStyle = paint.ink;
        context.lineWidth = 1.5;
        context.strokeRect(x(cursor.column) + 0.5, y(cursor.row) + 0.5, side - 1, side - 1);
      }
      context.restore();
      context.strokeStyle = paint.line;
      context.strokeRect(
        margin.left - 0.5,
        margin.top - 0.5,
        Math.min(width - margin.left, x(order.length) - margin.left) + 0.5,
        Math.min(height - margin.top, y(order.length) - margin.top) + 0.5
      );
      if (side < leastNamed) return;
      context.textBaseline = "middle";
      const fit = (text, room) => {
        if (context.measureText(text).width <= room) return text;
        let cut = text;
        while (cut.length > 1 && context.measureText(\`\${cut}…\`).width > room) cut = cut.slice(0, -1);
        return \`\${cut}…\`;
      };
      for (const [i, c] of order.entries()) {
        const name = group.className(c);
        context.font = font(Math.min(12, side - 1), cursor?.row === i ? 700 : 400);
        context.fillStyle = cursor?.row === i ? paint.ink : paint.soft;
        if (y(i) + side / 2 > margin.top && y(i) < height) {
          context.textAlign = "right";
          context.fillText(fit(name, margin.left - 12), margin.left - 6, y(i) + side / 2);
        }
        context.font = font(Math.min(12, side - 1), cursor?.column === i ? 700 : 400);
        context.fillStyle = cursor?.column === i ? paint.ink : paint.soft;
        if (x(i) + side / 2 > margin.left && x(i) < width) {
          context.save();
          context.translate(x(i) + side / 2, margin.top - 6);
          context.rotate(-Math.PI / 2);
          context.textAlign = "left";
          context.fillText(fit(name, margin.top - 12), 0, 0);
          context.restore();
        }
      }
    }
    function cellAt({ row, column }) {
      const [t, p] = [order[row] ?? 0, order[column] ?? 0];
      return cells.get(key(t, p)) ?? { t, p, count: 0 };
    }
    function say() {
      if (cursor === void 0) {
        status.textContent = "Point at a cell, or go through them with the arrow keys; Enter or a click shows its photos.";
        return;
      }
      const cell = cellAt(cursor);
      const name = group.className(cell.t);
      const of = \`\${count(cell.count)} of \${count(totals.get(cell.t) ?? 0)} (\${percent2(shareOf(cell))})\`;
      status.textContent = cell.t === cell.p ? \`\${name}: \${of} right\` : \`\${name} taken for \${group.className(cell.p)}: \${of}\`;
    }
    function open({ t, p }) {
      const passes = explorer.passes();
      const chosen = explorer.run.answers.filter(
        ({ place, predicted }) => group.labels[place] === t && predicted === p && passes(place)
      );
      const sign = t === p ? 1 : -1;
      chosen.sort((a, b) => sign * (a.probability - b.probability));
      const places = [...new Set(chosen.map(({ place }) => place))];
      if (places.length > 0) openViewer2(explorer, places, 0);
      else status.textContent = "Which photos these are is not known: the report has no predictions.csv.";
    }
    function pointed(event) {
      const box = canvas.getBoundingClientRect();
      const column = Math.floor((event.clientX - box.left - margin.left + scroll.scrollLeft) / side);
      const row = Math.floor((event.clientY - box.top - margin.top + scroll.scrollTop) / side);
      const inside = row >= 0 && column >= 0 && row < order.length && column < order.length;
      return inside && event.clientX - box.left > margin.left && event.clientY - box.top > margin.top ? { row, column } : void 0;
    }
    function move(to) {
      if (to?.row === cursor?.row && to?.column === cursor?.column) return;
      cursor = to;
      draw();
      say();
    }
    canvas.addEventListener("pointermove", (event) => move(pointed(event)));
    canvas.addEventListener("pointerleave", () => move(void 0));
    canvas.addEventListener("click", (event) => {
      const found = pointed(event);
      if (found === void 0) return;
      move(found);
      if (cellAt(found).count > 0) open(cellAt(found));
    });
    scroll.addEventListener("scroll", draw);
    scroll.addEventListener("keydown", (event) => {
      const steps = {
        ArrowDown: [1, 0],
        ArrowUp: [-1, 0],
        ArrowRight: [0, 1],
        ArrowLeft: [0, -1]
      };
      const step = steps[event.key];
      if (event.key === "Enter" && cursor !== void 0 && cellAt(cursor).count > 0) {
        event.preventDefault();
        open(cellAt(cursor));
      }
      if (step === void 0 || order.length === 0) return;
      event.preventDefault();
      const limit = (value) => Math.min(order.length - 1, Math.max(0, value));
      move(
        cursor === void 0 ? { row: 0, column: 0 } : { row: limit(cursor.row + step[0]), column: limit(cursor.column + step[1]) }
      );
      keepInSight();
    });
    function keepInSight() {
      if (cursor === void 0) return;
      const [left, top] = [cursor.column * side, cursor.row * side];
      if (left < scroll.scrollLeft) scroll.scrollLeft = left;
      if (top < scroll.scrollTop) scroll.scrollTop = top;
      scroll.scrollLeft = Math.max(scroll.scrollLeft, left + side + margin.left + 16 - scroll.clientWidth);
      scroll.scrollTop = Math.max(scroll.scrollTop, top + side + margin.top + 16 - scroll.clientHeight);
    }
    const zoom = (by) => {
      const next = by > 0 ? sizes.find((size) => size > side) : sizes.findLast((size) => size < side);
      chosenSide = next ?? side;
      layOut();
    };
    one("[data-control=larger]", part).addEventListener("click", () => zoom(1));
    one("[data-control=smaller]", part).addEventListener("click", () => zoom(-1));
    allPairs.addEventListener("click", () => listPairs(pairs.length));
    const again = whenSeen(part, update);
    confusedOnly.addEventListener("change", again);
    explorer.onView(again);
    window.addEventListener("resize", again);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    window.addEventListener("beforeprint", () => {
      chosenSide = Math.max(4, Math.floor((640 - margin.left) / Math.max(1, order.length)));
      scroll.classList.add("whole");
      layOut();
    });
    window.addEventListener("afterprint", () => {
      chosenSide = void 0;
      scroll.classList.remove("whole");
      layOut();
    });
  }
  function startPanels(explorer) {
    const place = one("[data-part=panel]", explorer.root);
    const templates = all("template[data-run]", explorer.root);
    const first = [...place.childNodes];
    let shown = 0;
    const update = () => {
      const { run } = explorer.view;
      const template = templates.find((each) => Number(each.dataset["run"]) === run);
      if (run === shown) return;
      shown = run;
      if (template === void 0) {
        place.replaceChildren(...first);
        return;
      }
      place.replaceChildren(template.content.cloneNode(true));
      for (const button of all("button[data-copy]", place)) {
        copies(button, () => button.dataset["copy"] ?? "");
      }
    };
    explorer.onView(update);
  }
  var atOnce2 = 24;
  function startSideBySide(explorer, openViewer2) {
    const part = explorer.root.querySelector("[data-part=sides]");
    if (part === null) return;
    const { group } = explorer;
    const left = one("[data-control=left]", part);
    const right = one("[data-control=right]", part);
    const summary = one("[data-control=summary]", part);
    const isRight = (run, place) => run.verdict(place)?.predicted === group.labels[place];
    function draw() {
      const [a, b] = [group.runs[explorer.view.left], group.runs[explorer.view.right]];
      left.value = String(explorer.view.left);
      right.value = String(explorer.view.right);
      const passes = explorer.passes({ ...explorer.view.filters, answer: "all", least: 0, most: 100 });
      const tested = [...group.ids.keys()].filter(
        (place) => a.verdict(place) !== void 0 && b.verdict(place) !== void 0 && passes(place)
      );
      const onlyLeft = tested.filter((place) => isRight(a, place) && !isRight(b, place));
      const onlyRight = tested.filter((place) => isRight(b, place) && !isRight(a, place));
      const both = tested.filter((place) => isRight(a, place) && isRight(b, place)).length;
      const none = tested.length - both - onlyLeft.length - onlyRight.length;
      summary.textContent = \`Of \${count(tested.length)} test photos both have \${count(both)} right and \${count(none)} wrong.\`;
      fill("only-left", a, b, onlyLeft);
      fill("only-right", b, a, onlyRight);
    }
    function fill(name, winner, loser, places) {
      const column = one(\`[data-control=\${name}]\`, part);
      const sorted2 = [...places].sort(
        (a, b) => (loser.verdict(b)?.probability ?? 0) - (loser.verdict(a)?.probability ?? 0)
      );
      one("h3", column).textContent = \`Only \${winner.name} is right: \${count(places.length)}\`;
      const list = one("ul", column);
      const byLoser = explorer.by(loser);
      list.replaceChildren(
        ...sorted2.slice(0, atOnce2).map((place, i) => tile(byLoser, place, () => openViewer2(byLoser, sorted2, i)))
      );
      walkable(list);
      one("[data-control=rest]", column).textContent = sorted2.length > atOnce2 ? \`\${count(sorted2.length - atOnce2)} more: open one and go on with the arrow keys.\` : "";
    }
    left.addEventListener("change", () => explorer.show({ left: Number(left.value) }));
    right.addEventListener("change", () => explorer.show({ right: Number(right.value) }));
    explorer.onView(whenSeen(part, draw));
    explorer.onSelection(() => markSelected(part, explorer.selected));
  }
  function startToolbar(explorer) {
    const { group, root } = explorer;
    const bar = one("[data-part=toolbar]", root);
    if (matchMedia("(max-width: 44rem)").matches) bar.open = false;
    const control = (name) => one(\`[data-control=\${name}]\`, bar);
    const run = control("run");
    const className = control("class");
    const answer = control("answer");
    const side = control("side");
    const least = control("least");
    const most = control("most");
    const suspected = control("suspected");
    const copiesOnly = control("copies");
    const clear = control("clear");
    const region = control("region");
    const status = control("status");
    const filterCount = control("count");
    const names = one("datalist", bar);
    className.addEventListener("focus", () => {
      if (names.childElementCount === 0) names.append(...group.classes.map((value) => element("option", { value })));
    });
    run.addEventListener("change", () => explorer.show({ run: Number(run.value) }));
    className.addEventListener("input", () => explorer.filter({ className: className.value.trim() }));
    answer.addEventListener("change", () => explorer.filter({ answer: answer.value }));
    side.addEventListener("change", () => explorer.filter({ side: side.value }));
    for (const field of [least, most]) {
      field.addEventListener("change", () => {
        const number = (input, otherwise) => input.value === "" ? otherwise : Math.min(100, Math.max(0, Number(input.value)));
        explorer.filter({ least: number(least, 0), most: number(most, 100) });
      });
    }
    suspected.addEventListener(
      "change",
      () => explorer.show({
        order: suspected.checked ? "labels" : "telling",
        filters: { ...explorer.view.filters, suspected: suspected.checked }
      })
    );
    copiesOnly.addEventListener("change", () => explorer.filter({ copies: copiesOnly.checked }));
    clear.addEventListener("click", () => explorer.clearFilters());
    region.addEventListener("click", () => explorer.filter({ region: [] }));
    const update = () => {
      const { filters } = explorer.view;
      run.value = String(explorer.view.run);
      if (className.value.trim() !== filters.className) className.value = filters.className;
      answer.value = filters.answer;
      side.value = filters.side;
      if (document.activeElement !== least) least.value = filters.least === 0 ? "" : String(filters.least);
      if (document.activeElement !== most) most.value = filters.most === 100 ? "" : String(filters.most);
      suspected.checked = filters.suspected;
      copiesOnly.checked = filters.copies;
      region.hidden = filters.region.length === 0;
      clear.disabled = explorer.filterCount === 0;
      filterCount.textContent = explorer.filterCount === 0 ? "" : \` (\${explorer.filterCount})\`;
      const [shown, of] = [explorer.shown.length, group.ids.length];
      status.textContent = shown === of ? \`all \${count(of)} photos\` : \`\${count(shown)} of \${count(of)} photos\`;
      for (const name of all("[data-run-name]", root)) name.textContent = explorer.run.name;
    };
    explorer.onView(update);
    update();
  }
  var questions = {
    all: { filters: {}, order: "telling" },
    mistakes: { filters: { answer: "wrong" }, order: "telling" },
    labels: { filters: { suspected: true }, order: "labels" },
    copies: { filters: { copies: true }, order: "telling" }
  };
  function startQuestions(explorer) {
    for (const button of all("[data-question]", explorer.root)) {
      const question = questions[button.dataset["question"] ?? ""];
      if (question === void 0) continue;
      button.addEventListener("click", () => {
        explorer.show({ order: question.order, filters: { ...noFilters, ...question.filters } });
        one("[data-part=gallery]", explorer.root).scrollIntoView();
      });
      const update = () => {
        const { filters } = explorer.view;
        const asked = { ...noFilters, ...question.filters };
        button.setAttribute("aria-pressed", String(JSON.stringify(filters) === JSON.stringify(asked)));
      };
      explorer.onView(update);
      update();
    }
  }
  var nearestShown = 6;
  function startViewer() {
    const dialog = one("#viewer");
    const part = (name) => one(\`[data-viewer=\${name}]\`, dialog);
    const path = part("path");
    const select = part("select");
    const link = part("link");
    let seen;
    let places = [];
    let at2 = 0;
    let place = 0;
    const step = (by) => {
      if (places.length === 0) return;
      at2 = Math.min(places.length - 1, Math.max(0, at2 + by));
      show(places[at2] ?? 0);
    };
    part("previous").addEventListener("click", () => step(-1));
    part("next").addEventListener("click", () => step(1));
    part("close").addEventListener("click", () => dialog.close());
    copies(part("copy"), () => seen?.group.filePath(place) ?? seen?.group.ids[place] ?? "");
    select.addEventListener("change", () => seen?.select([place], select.checked));
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener("keydown", (event) => {
      const steps = {
        ArrowRight: 1,
        ArrowLeft: -1,
        Home: -places.length,
        End: places.length
      };
      const by = steps[event.key];
      if (event.key === "x" && event.target !== select) select.click();
      if (by === void 0) return;
      event.preventDefault();
      step(by);
    });
    function show(next) {
      if (seen === void 0) return;
      place = next;
      const { group, run } = seen;
      const [label, verdict] = [group.labels[place], run.verdict(place)];
      const suspicion = run.suspicions.get(place);
      const name = group.className(label);
      const right = verdict?.predicted === label;
      part("title").textContent = verdict === void 0 || right ? name : \`\${name} taken for \${group.className(verdict.predicted)}\`;
      part("position").textContent = places[at2] === place ? \`\${count(at2 + 1)} of \${count(places.length)}\` : "opened from the list";
      part("photo").replaceChildren(picture(seen, place, 320));
      path.textContent = group.pathOf(place) ?? group.ids[place] ?? "";
      const href = group.fileLink(place);
      link.hidden = href === void 0;
      if (href !== void 0) link.href = href;
      select.checked = seen.selected.has(place);
      const times = run.answersOf.get(place)?.length ?? 0;
      const wrong = run.answersOf.get(place)?.filter(({ predicted }) => predicted !== label).length ?? 0;
      const facts = [
        ["label", name],
        [
          \`\${run.name} says\`,
          verdict === void 0 ? "nothing: it was in training" : \`\${group.className(verdict.predicted)}, \${percent2(verdict.probability)}\${right ? ", right" : ""}\`
        ]
      ];
      if (times > 1) facts.push(["tested", \`\${times} times, \${wrong} of them wrong\`]);
      if (suspicion !== void 0) {
        facts.push([
          "label may be wrong",
          \`perhaps \${group.className(suspicion.suggestion)} (\${percent2(suspicion.suggestionProbability)}; the label \${percent2(suspicion.labelProbability)})\`
        ]);
      }
      const twins = group.twinsOf.get(place) ?? [];
      if (twins.length > 0) facts.push(["nearly the same", twins.map((twin) => group.ids[twin] ?? "").join(", ")]);
      part("facts").replaceChildren(
        ...facts.flatMap(([term, text]) => [element("dt", {}, term), element("dd", {}, text)])
      );
      showTop();
      showOthers();
      showNearest();
    }
    function showTop() {
      if (seen === void 0) return;
      const { group, run } = seen;
      const verdict = run.verdict(place);
      const top = verdict === void 0 ? [] : run.topOf(verdict);
      part("top-title").hidden = verdict === void 0;
      part("top").replaceChildren(
        ...top.map(({ c, probability }) => {
          const bar = element("span", { class: c === group.labels[place] ? "bar right" : "bar" });
          bar.style.width = \`\${Math.max(0.5, probability * 100)}%\`;
          return element(
            "li",
            {},
            element("span", { class: "bar-name" }, breakable(group.className(c))),
            element("span", { class: "bar-track" }, bar),
            element("span", { class: "number" }, percent2(probability))
          );
        })
      );
      part("top-none").hidden = verdict === void 0 || top.length > 0;
    }
    function showOthers() {
      if (seen === void 0) return;
      const { group, run } = seen;
      const others = group.runs.filter((other) => other !== run && other.verdict(place) !== void 0);
      part("others-title").hidden = others.length === 0;
      part("others").replaceChildren(
        ...others.map((other) => {
          const verdict = other.verdict(place);
          const right = verdict?.predicted === group.labels[place];
          return element(
            "li",
            {},
            \`\${other.name}: \`,
            element(
              "span",
              { class: right ? "recognized" : "taken" },
              \`\${group.className(verdict?.predicted)}, \${percent2(verdict?.probability ?? 0)}\`
            )
          );
        })
      );
    }
    function showNearest() {
      if (seen === void 0) return;
      const own = seen;
      const nearest = own.group.nearestTraining(place).slice(0, nearestShown);
      part("nearest-title").hidden = nearest.length === 0;
      part("nearest").replaceChildren(
        ...nearest.map(({ place: other, similarity }) => {
          const button = element("button", { type: "button", class: "open" }, picture(own, other, 96));
          button.addEventListener("click", () => show(other));
          const same = own.group.labels[other] === own.group.labels[place];
          return element(
            "li",
            {},
            button,
            element(
              "span",
              { class: same ? "recognized" : "taken" },
              breakable(own.group.className(own.group.labels[other]))
            ),
            element("span", { class: "soft" }, \`cosine \${similarity.toFixed(2)}\`)
          );
        })
      );
    }
    return (of, list, from) => {
      seen = of;
      places = list;
      at2 = from;
      show(list[from] ?? 0);
      if (!dialog.open) dialog.showModal();
    };
  }
  var data = JSON.parse(one("#page-data").textContent ?? "");
  var explorers = data.groups.map((json, g) => new Explorer(new Group(json), one(\`[data-group="\${g}"]\`)));
  var runNames = explorers.map(({ group }) => group.runs.map(({ name }) => name));
  var at = readAddress();
  function readAddress() {
    const { at: place, views } = parseAddress(location.hash, runNames);
    for (const [g, explorer] of explorers.entries()) {
      const view = views[g];
      if (view !== void 0) explorer.show(view);
    }
    return place;
  }
  function writeAddress() {
    const address = formatAddress(
      at,
      explorers.map(({ view }) => view),
      runNames
    );
    history.replaceState(null, "", address === "" ? location.pathname : \`#\${address}\`);
  }
  var openViewer = startViewer();
  for (const explorer of explorers) {
    startMap(explorer, openViewer);
    startToolbar(explorer);
    startQuestions(explorer);
    startGallery(explorer, openViewer);
    startMatrix(explorer, openViewer);
    startClasses(explorer);
    startPanels(explorer);
    startSideBySide(explorer, openViewer);
    explorer.onView(writeAddress);
  }
  for (const table of all("table.sortable")) sortable(table);
  startCopyButtons();
  window.addEventListener("hashchange", () => {
    const hash = location.hash.slice(1);
    if (hash.includes("=")) at = readAddress();
    else if (hash !== "") at = hash;
    writeAddress();
  });
  if (at !== "") document.getElementById(at)?.scrollIntoView({ behavior: "instant" });
  for (const image of all("img[data-photo]")) {
    const explorer = explorers[Number(image.closest("[data-group]")?.dataset["group"] ?? 0)];
    const place = Number(image.dataset["photo"]);
    image.src = explorer?.group.photo(place) ?? "";
    const pair = image.dataset["pair"];
    image.closest("button")?.addEventListener("click", () => {
      if (explorer !== void 0) openViewer(explorer, pair === void 0 ? [place] : pair.split(" ").map(Number), 0);
    });
  }
})();
`;
