import { isLakefrontError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'
import type { ListEntry, Storage } from './storage.ts'

export function pattern(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8) + seed * 31) & 0xff)
}

export async function* chunks(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}

export async function keysOf(storage: Storage, options: Parameters<Storage['list']>[0] = {}): Promise<string[]> {
  const entries: ListEntry[] = []
  for await (const entry of storage.list(options)) entries.push(entry)
  return entries.map(({ key }) => key)
}

export async function thrown(promise: Promise<unknown>): Promise<unknown> {
  const settled = await promise.then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  if (settled === undefined) throw new Error('should have failed, and did not')
  return settled.error
}

export async function fails(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  const error = await thrown(promise)
  if (!isLakefrontError(error, code)) throw new Error(`should be ${code}: ${String(error)}`, { cause: error })
}

export async function outcomeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'done'
  } catch (error) {
    return isLakefrontError(error) ? error.code : String(error)
  }
}

export function equal(actual: unknown, expected: unknown): void {
  const plain = typeof actual === 'object' && !(actual instanceof Error)
  if (plain ? JSON.stringify(actual) === JSON.stringify(expected) : Object.is(actual, expected)) return
  throw new Error(`${text(actual)} should be ${text(expected)}`)
}

function text(value: unknown): string {
  return value instanceof Error ? String(value) : JSON.stringify(value)
}

export function truthy(value: boolean, message: string): void {
  if (!value) throw new Error(message)
}

export function sameBytes(actual: Uint8Array, expected: Uint8Array): void {
  equal(actual.length, expected.length)
  const different = actual.findIndex((byte, index) => byte !== expected[index])
  if (different >= 0) throw new Error(`byte ${different} is ${actual[different]}, not ${expected[different]}`)
}
