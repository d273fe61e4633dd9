import { actionFor, placeOf, type Action } from './keymap';

/** The newest handler of an action wins, as the innermost view on screen is the one that is meant. */
const handlers = new Map<Action, (() => void)[]>();

/** Offers actions for as long as the calling component is mounted. */
export function useShortcuts(actions: Partial<Record<Action, () => void>>): void {
  $effect(() => {
    const added = Object.entries(actions) as [Action, () => void][];
    for (const [action, run] of added) handlers.set(action, [...(handlers.get(action) ?? []), run]);
    return () => {
      for (const [action, run] of added) {
        handlers.set(
          action,
          (handlers.get(action) ?? []).filter((h) => h !== run)
        );
      }
    };
  });
}

export function onKeydown(event: KeyboardEvent): void {
  if (event.defaultPrevented) return;
  const action = actionFor(event, placeOf(event.target));
  if (!action) return;
  const run = handlers.get(action)?.at(-1);
  if (run) {
    event.preventDefault();
    run();
  } else if (action === 'escape' && document.activeElement instanceof HTMLElement) {
    document.activeElement.blur();
  }
}
