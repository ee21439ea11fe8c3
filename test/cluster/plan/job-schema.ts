import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { projectRoot } from '../../reference.ts';

const schema = JSON.parse(
  readFileSync(join(projectRoot, 'test/fixtures/kubernetes/job.schema.json'), 'utf8'),
) as object;
// The formats int32, quantity … are Kubernetes' own and not checked; the types are.
const validate = new Ajv({ allErrors: true, strict: true, strictTypes: false, validateFormats: false }).compile(schema);

/** Errors of a Job by the published schema of Kubernetes; empty where it is valid. */
export function jobErrors(job: unknown): readonly string[] {
  if (validate(job)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`,
  );
}
