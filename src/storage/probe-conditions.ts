import { isLakefrontError, LakefrontError } from '../errors.ts'
import { cannot } from './storage-errors.ts'
import type { Storage } from './storage.ts'

/** Whether a store keeps the conditions of writes. */
export interface ConditionReport {
  /** `ifNoneMatch: '*'`: of several writers at once, one. */
  readonly createIfAbsent: boolean
  /** `ifMatch`: of several writers at once, one. */
  readonly compareAndSwap: boolean
  /** What was seen, in words, when one of them is not kept. */
  readonly why?: string
}

/** Enough writers at once that stores which look first and write then are mostly found out. */
const writers = 8

/**
 * Finds out whether a store keeps conditions, by writing an object under them, by itself and by several writers at once, and removing it. Some stores ignore
 * conditions, and some keep them only as long as nobody else writes; what passes is no proof, what fails is one.
 */
export async function probeConditions(
  storage: Storage,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<ConditionReport> {
  const key = `lakefront-probe-${crypto.randomUUID()}`
  const options = signal === undefined ? {} : { signal }
  // No two writes are of the same bytes: some stores make validators of them.
  const body = (index: number, kind: string): Uint8Array => new TextEncoder().encode(`probe ${kind} ${index}`)
  const race = async (condition: { ifMatch: string } | { ifNoneMatch: '*' }): Promise<number> => {
    const tries = Array.from({ length: writers }, (_, index) =>
      storage.write(key, body(index, Object.keys(condition)[0]!), { ...condition, ...options }).then(
        () => 1,
        (error: unknown) => {
          if (isLakefrontError(error, 'PRECONDITION_FAILED') || isLakefrontError(error, 'CONFLICT')) return 0
          throw isLakefrontError(error, 'WRITE_STATE_UNKNOWN') ? noAnswer(storage.label, error) : error
        },
      ),
    )
    return (await Promise.all(tries)).reduce((sum: number, done) => sum + done, 0)
  }
  try {
    const created = await race({ ifNoneMatch: '*' })
    if (created !== 1) return { createIfAbsent: false, compareAndSwap: false, why: because('If-None-Match', created) }
    const { etag } = await storage.stat(key, options)
    if (etag === undefined) {
      return {
        createIfAbsent: true,
        compareAndSwap: false,
        why: 'it tells no validator (ETag), or hides it from this page',
      }
    }
    const swapped = await race({ ifMatch: etag })
    if (swapped !== 1) return { createIfAbsent: true, compareAndSwap: false, why: because('If-Match', swapped) }
    return { createIfAbsent: true, compareAndSwap: true }
  } finally {
    await storage.remove(key).catch(() => undefined)
  }
}

/** The storage itself when it keeps conditions; otherwise for reading only, and a write is refused with the reason. */
export async function safeStorage(storage: Storage, options: { readonly signal?: AbortSignal } = {}): Promise<Storage> {
  if (!storage.abilities.writes) return storage
  const { why } = await probeConditions(storage, options)
  return why === undefined ? storage : new ReadOnlyStorage(storage, why)
}

class ReadOnlyStorage implements Storage {
  readonly #inner: Storage
  readonly #why: string

  constructor(inner: Storage, why: string) {
    this.#inner = inner
    this.#why = why
  }

  get label(): string {
    return this.#inner.label
  }

  get abilities(): Storage['abilities'] {
    return { ...this.#inner.abilities, writes: false, conditions: false }
  }

  stat: Storage['stat'] = (...given) => this.#inner.stat(...given)
  read: Storage['read'] = (...given) => this.#inner.read(...given)
  open: Storage['open'] = (key) => this.#inner.open(key)
  list: Storage['list'] = (options) => this.#inner.list(options)
  write: Storage['write'] = async () => this.#refuse()
  remove: Storage['remove'] = async () => this.#refuse()
  copy: Storage['copy'] = async () => this.#refuse()

  close(): Promise<void> {
    return this.#inner.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #refuse(): never {
    throw cannot(
      this.label,
      `is open for reading only, since its store cannot keep writers apart: ${this.#why}. Use a store that does, or let one process write`,
    )
  }
}

function noAnswer(label: string, cause: unknown): LakefrontError {
  return new LakefrontError(
    'NETWORK',
    `The store of "${label}" did not answer when it was tried out whether it keeps writers apart. Try again.`,
    { details: { source: label, transient: true }, cause },
  )
}

function because(header: string, count: number): string {
  return count === 0
    ? `it refused every write under ${header}`
    : `of ${writers} writes at once under one ${header}, it took ${count}`
}
