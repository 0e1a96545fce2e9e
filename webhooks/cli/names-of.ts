/** The names in a table of ours, in its order. */
export function namesOf<Name extends string>(table: Readonly<Record<Name, unknown>>): readonly Name[] {
  // A table that is written out has no fields but those of its type.
  return Object.keys(table) as Name[];
}
