import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { projectRoot } from '../../reference.ts';

const schema = JSON.parse(
  readFileSync(join(projectRoot, 'test/fixtures/kubernetes/job.schema.json'), 'utf8'),
) as object;
// Formats there (int32, quantity …) are Kubernetes' own; the types beside them are checked.
const validate = new Ajv({ allErrors: true, strict: true, strictTypes: false, validateFormats: false }).compile(schema);

/** What the published schema of Kubernetes has against a Job; empty where it fits. */
export function jobErrors(job: unknown): readonly string[] {
  if (validate(job)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`,
  );
}
