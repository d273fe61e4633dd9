import type { Json } from '$lib/api/types';

export type TemplateText = { header: string; body: string; footer: string; buttons: string[] };

const filled = (text: unknown, parameters: unknown): string => {
  if (typeof text !== 'string') return '';
  const values = Array.isArray(parameters) ? parameters : [];
  return text.replace(/\{\{(\d+)\}\}/g, (slot, n: string) => {
    const value = values[Number(n) - 1] as { text?: unknown } | undefined;
    return typeof value?.text === 'string' ? value.text : slot;
  });
};

/** The text of a template as the contact saw it, as far as what was stored tells. */
export function templateText(components: Json[]): TemplateText {
  const out: TemplateText = { header: '', body: '', footer: '', buttons: [] };
  for (const component of Array.isArray(components) ? components : []) {
    const type = String(component?.type ?? '').toLowerCase();
    const parameters = Array.isArray(component?.parameters) ? component.parameters : [];
    const values = parameters
      .map((p: Json) => (typeof p?.text === 'string' ? p.text : ''))
      .filter(Boolean)
      .join(' · ');
    if (type === 'header' || type === 'body' || type === 'footer')
      out[type] = filled(component?.text, parameters) || values;
    else if (type === 'button' || type === 'buttons') {
      const buttons = Array.isArray(component?.buttons) ? component.buttons : [component];
      for (const button of buttons) if (typeof button?.text === 'string') out.buttons.push(button.text);
    }
  }
  return out;
}
