import {
  defaultParameters,
  type Parameter,
  type ParameterTable,
  type ParameterValue,
  type RuleParameters,
} from '../engine/parameters.ts';
import { choice, flag, integer, list, map, object, optional, quantity, required, text, type Shape } from './shape.ts';

/** Most items of a list and entries of a map that a parameter has; longest text of one, in characters. */
const limits = { items: 500, length: 300 };

const anyText = text({ maxLength: limits.length, what: `a text of at most ${limits.length} characters` });

/** The largest number that every JSON reader takes as it is written. */
const largest = Number.MAX_SAFE_INTEGER;

/** What a policy may give for a parameter. */
function parameterShape(parameter: Parameter): Shape<ParameterValue> {
  switch (parameter.type) {
    case 'strings':
      return listShape(parameter);
    case 'integer':
      return integer(parameter.minimum ?? 0, parameter.maximum ?? largest);
    case 'quantity':
      return quantity;
    case 'boolean':
      return flag;
    case 'text':
      return parameter.choices === undefined ? anyText : choice(parameter.choices);
    case 'map':
      return map(parameter.values === 'quantity' ? quantity : anyText, {
        key: { what: 'a key', ...parameter.keys, maxLength: limits.length },
        maxProperties: limits.items,
      });
  }
}

function listShape(parameter: Parameter & { readonly type: 'strings' }): Shape<readonly string[]> {
  const { choices, form, minItems = 0, maxItems = limits.items } = parameter;
  const anyItem = form === undefined ? anyText : text({ maxLength: limits.length, ...form });
  return list(choices === undefined ? anyItem : choice(choices), { minItems, maxItems });
}

/** The parameters that a policy gives a rule. They replace those of other entries, so those that the rule needs have to be there. */
export function parametersShape(table: ParameterTable = {}): Shape<RuleParameters> {
  const needed = new Set(missingParameters(table, defaultParameters(table)));
  const fields = Object.entries(table).map(([name, parameter]) => {
    const field = needed.has(name) ? required : optional;
    return [name, field(parameterShape(parameter), parameter.help)] as const;
  });
  return object(Object.fromEntries(fields), { unknown: 'ignored', fieldsAre: 'parameter' });
}

/** What this rule needs and neither its table nor the policy gives. */
export function missingParameters(table: ParameterTable | undefined, given: RuleParameters): readonly string[] {
  return Object.entries(table ?? {}).flatMap(([name, { isOptional }]) =>
    isOptional === true || given[name] !== undefined ? [] : [name],
  );
}
