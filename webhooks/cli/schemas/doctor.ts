import { lineLevels, topics } from '../doctor-line.ts';
import { list, number, object, oneOf, text, toDocument } from './json-schema.ts';

/** Of the JSON: it changes when a field changes its meaning or goes; new fields may come at any time. */
export const doctorSchemaVersion = 'mcp-lifecycle.doctor/v1';

/** What `doctor --output json` prints. */
export const doctorSchema = toDocument(
  doctorSchemaVersion,
  object({
    context: text('Of the kubeconfig.'),
    problem: number('How many lines are of what does not work, or will not soon.'),
    warning: number('How many are of what works, and not as it should.'),
    unknown: number('How many are of what could not be looked at.'),
    note: number('How many are worth knowing.'),
    ok: number('How many are of what is as it should be.'),
    lines: list(
      'In the order in which they are told.',
      object(
        {
          topic: oneOf(topics, 'What was looked at.'),
          level: oneOf(lineLevels, 'What the line says.'),
          found: text('A sentence, without its full stop.'),
          remedy: text('What to do, in a sentence without its full stop; absent where there is nothing to do.'),
        },
        ['remedy'],
      ),
    ),
  }),
);
