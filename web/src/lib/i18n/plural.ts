const rules = new Intl.PluralRules('en');

/** "1 file", "3 files": `#` in a form stands for the number. */
export function plural(
  count: number,
  forms: { one: string; other: string } & Partial<Record<Intl.LDMLPluralRule, string>>
): string {
  const form = forms[rules.select(count)] ?? forms.other;
  return form.replace('#', count.toLocaleString('en'));
}
