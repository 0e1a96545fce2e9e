/** As kubectl's. */
export const namespaceOption = {
  type: 'text',
  placeholder: 'NAME',
  default: 'default',
  short: 'n',
  help: 'of objects that name none',
} as const;
