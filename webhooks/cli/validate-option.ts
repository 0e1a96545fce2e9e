/** As kubectl's `--validate`; its default there, too. */
export const validateOption = {
  type: 'choice',
  choices: ['strict', 'warn', 'ignore'],
  help: 'unknown fields are refused, warned about or dropped',
} as const;

export type FieldValidation = (typeof validateOption.choices)[number];
