import { copies } from '../copy.ts';
import { all, one } from '../dom.ts';
import type { Explorer } from '../explorer.ts';

/** Shows the panel of the run in sight; those of the others are templates until they are asked for. */
export function startPanels(explorer: Explorer): void {
  const place = one('[data-part=panel]', explorer.root);
  const templates = all<HTMLTemplateElement>('template[data-run]', explorer.root);
  const first = [...place.childNodes];
  let shown = 0;
  const update = (): void => {
    const { run } = explorer.view;
    const template = templates.find((each) => Number(each.dataset['run']) === run);
    if (run === shown) return;
    shown = run;
    if (template === undefined) {
      place.replaceChildren(...first);
      return;
    }
    place.replaceChildren(template.content.cloneNode(true));
    for (const button of all<HTMLButtonElement>('button[data-copy]', place)) {
      copies(button, () => button.dataset['copy'] ?? '');
    }
  };
  explorer.onView(update);
}
