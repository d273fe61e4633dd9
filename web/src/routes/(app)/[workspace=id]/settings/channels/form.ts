import type { ChannelField, ConfigValue, Json } from '$lib/api/types';
import { channels as t } from '$lib/i18n';

export type FormValues = Record<string, string | boolean>;

/** What a form starts with; secrets are never sent back to us and start empty. */
export function startValues(fields: ChannelField[], config: Record<string, Json> = {}): FormValues {
  return Object.fromEntries(
    fields.map((field) => {
      const held: unknown = config[field.key];
      if (field.kind === 'toggle') return [field.key, held === true];
      const fallback = field.kind === 'select' && field.required ? (field.options?.[0]?.value ?? '') : '';
      return [field.key, held === undefined || held === null ? fallback : String(held)];
    })
  );
}

/** A list travels as text with one entry a line. */
const tidyLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .join('\n');

/** The configuration to send. When editing, empty secrets are left out, which keeps the stored ones. */
export function toConfig(
  fields: ChannelField[],
  values: FormValues,
  editing: boolean
): Record<string, ConfigValue> {
  const config: Record<string, ConfigValue> = {};
  for (const field of fields) {
    const value = values[field.key];
    if (typeof value === 'boolean') config[field.key] = value;
    else {
      const text = field.kind === 'lines' ? tidyLines(value ?? '') : (value ?? '').trim();
      if (text !== '' || (editing && !field.secret)) config[field.key] = text;
    }
  }
  return config;
}

export function missing(
  fields: ChannelField[],
  values: FormValues,
  editing: boolean
): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const field of fields) {
    const value = values[field.key];
    const empty = typeof value === 'string' && value.trim() === '';
    if (field.required && empty && !(editing && field.secret)) errors[field.key] = t.required(field.label);
  }
  return errors;
}

/** The simulator knows its own credentials: only what is a real choice is still asked for. */
export function simulatedFields(fields: ChannelField[]): ChannelField[] {
  return fields.map((field) =>
    field.kind === 'select' ? field : { ...field, required: false, advanced: true }
  );
}
