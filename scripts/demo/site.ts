/** Korrigo as its users meet it: over HTTP, through nginx. Times are in milliseconds. */
import { until } from '../../test/bed/process.ts';

export type Copy = {
  readonly id: number;
  readonly exam: number;
  readonly student: string;
  readonly number?: string;
  /** Path of the uploaded file. */
  readonly file: string;
  readonly status: 'pending' | 'processed' | 'failed';
  readonly pages: number | null;
  readonly size: number | null;
  readonly checksum: string;
  readonly error: string;
};

export type Site = {
  readonly url: string;
  /** Throws when the answer is not a 2xx. */
  readonly get: (path: string) => Promise<Response>;
  /** The commit that answers. */
  readonly version: () => Promise<string>;
  /** Returns the new exam's id. */
  readonly addExam: (exam: { readonly title: string; readonly date: string }) => Promise<number>;
  readonly addCopy: (exam: number, fields: Readonly<Record<string, string>>, pdf: Uint8Array) => Promise<Copy>;
  readonly copy: (id: number) => Promise<Copy>;
  /** Waits until a worker has looked at the copy. */
  readonly processed: (id: number, timeout?: number) => Promise<Copy>;
};

export function site(url: string): Site {
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    // A connection that is kept would be to the nginx of before the deploy.
    const headers = { connection: 'close', ...init.headers };
    const response = await fetch(new URL(path, url), { signal: AbortSignal.timeout(30_000), ...init, headers });
    if (response.ok) return response;
    const text = await response.text();
    throw new Error(
      `${init.method ?? 'GET'} ${url}${path} was answered with ${response.status}: ${text.slice(0, 300)}`,
    );
  };
  const copy = async (id: number): Promise<Copy> => (await (await ask(`/api/copies/${id}/`)).json()) as Copy;
  return {
    url,
    get: ask,
    version: async () => ((await (await ask('/api/version/')).json()) as { commit: string }).commit,
    addExam: async (exam) => {
      const response = await ask('/api/exams/', { method: 'POST', body: JSON.stringify(exam) });
      return ((await response.json()) as { id: number }).id;
    },
    addCopy: async (exam, fields, pdf) => {
      const body = new FormData();
      for (const [name, value] of Object.entries(fields)) body.set(name, value);
      body.set('file', new Blob([new Uint8Array(pdf)], { type: 'application/pdf' }), 'sample.pdf');
      return (await (await ask(`/api/exams/${exam}/copies/`, { method: 'POST', body })).json()) as Copy;
    },
    copy,
    processed: async (id, timeout = 20_000) => {
      await until(`copy ${id} processed by Celery`, timeout, async () => (await copy(id)).status !== 'pending');
      return await copy(id);
    },
  };
}
