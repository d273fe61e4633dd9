import type { Json } from '$lib/api/types';

export type InteractiveText = {
  header: string;
  body: string;
  footer: string;
  choices: string[];
  reply: string;
};

const text = (value: Json): string =>
  typeof value === 'string' ? value : typeof value?.text === 'string' ? value.text : '';

/** Reads what a person would see out of WhatsApp's interactive objects, sent ones and answers to them. */
export function interactiveText(interactive: Json): InteractiveText {
  const action = interactive?.action ?? {};
  const choices: string[] = [];
  for (const button of Array.isArray(action.buttons) ? action.buttons : [])
    choices.push(text(button?.reply?.title ?? button?.title));
  for (const section of Array.isArray(action.sections) ? action.sections : [])
    for (const row of Array.isArray(section?.rows) ? section.rows : []) choices.push(text(row?.title));
  const parameters = action.parameters ?? {};
  if (typeof parameters.display_text === 'string') choices.push(parameters.display_text);
  const answer = interactive?.button_reply ?? interactive?.list_reply ?? {};
  const reply = [text(answer.title), text(answer.description)].filter(Boolean).join(': ');
  return {
    header: text(interactive?.header),
    body: text(interactive?.body),
    footer: text(interactive?.footer),
    choices: choices.filter(Boolean),
    reply
  };
}
