import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { jobErrors } from './job-schema.ts';

/** The part of Kubernetes' API server that kubectl needs to create Jobs: it stores those that match the schema. */
export interface ApiServer {
  /** For KUBECONFIG. */
  readonly configuration: string;
  /** Jobs by namespace/name, in order of arrival. */
  readonly jobs: Map<string, unknown>;
  close(): Promise<void>;
}

const jobResource = { name: 'jobs', singularName: 'job', namespaced: true, kind: 'Job', verbs: ['create', 'get'] };
const group = { groupVersion: 'batch/v1', version: 'v1' };
const gvk = { group: 'batch', version: 'v1', kind: 'Job' };
const documents: Readonly<Record<string, unknown>> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/api/v1': { kind: 'APIResourceList', groupVersion: 'v1', resources: [] },
  '/apis': {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [{ name: 'batch', versions: [group], preferredVersion: group }],
  },
  '/apis/batch/v1': { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'batch/v1', resources: [jobResource] },
  '/openapi/v3': { paths: { 'apis/batch/v1': { serverRelativeURL: '/openapi/v3/apis/batch/v1?hash=1' } } },
  // Declares that the server rejects unknown fields itself; kubectl checks this before it sends the Job.
  '/openapi/v3/apis/batch/v1': {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.34.4' },
    paths: {
      '/apis/batch/v1/namespaces/{namespace}/jobs/{name}': {
        patch: {
          parameters: [{ name: 'fieldValidation', in: 'query', schema: { type: 'string' } }],
          'x-kubernetes-group-version-kind': gvk,
          responses: {},
        },
      },
    },
  },
};

/** @param folder where to write the configuration */
export async function startApiServer(folder: string): Promise<ApiServer> {
  const jobs = new Map<string, unknown>();
  const server = createServer((request, response) => {
    void answer(request, response, jobs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const configuration = join(folder, 'kubeconfig');
  writeFileSync(
    configuration,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'here', cluster: { server: `http://127.0.0.1:${port}` } }],
      contexts: [{ name: 'here', context: { cluster: 'here', user: 'me' } }],
      users: [{ name: 'me', user: {} }],
      'current-context': 'here',
    }),
  );
  return {
    configuration,
    jobs,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, jobs: Map<string, unknown>): Promise<void> {
  const { pathname } = new URL(request.url ?? '', 'http://here');
  const send = (status: number, document: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document));
  };
  const found = documents[pathname];
  if (found !== undefined) return send(200, found);
  // An empty description of types in protocol buffers leaves validation to the server.
  if (pathname === '/openapi/v2') {
    response.writeHead(200, { 'content-type': 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf' }).end();
    return;
  }
  const namespace = /^\/apis\/batch\/v1\/namespaces\/([^/]+)\/jobs$/.exec(pathname)?.[1];
  if (request.method !== 'POST' || namespace === undefined) return send(404, failure(404, 'NotFound', pathname));
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const job = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { metadata: { name: string } };
  const errors = jobErrors(job);
  if (errors.length > 0) return send(422, failure(422, 'Invalid', errors.join(', ')));
  const { name } = job.metadata;
  const key = `${namespace}/${name}`;
  if (jobs.has(key)) return send(409, failure(409, 'AlreadyExists', `jobs.batch "${name}" already exists`));
  jobs.set(key, job);
  send(201, job);
}

function failure(code: number, reason: string, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code };
}
