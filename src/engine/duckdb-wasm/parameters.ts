import { LakefrontError } from '../../errors.ts'
import type { Parameter, Statement } from '../engine.ts'
import type { CApi, Pointer } from './capi.ts'
import type { Heap } from './heap.ts'

/**
 * Binds the values of `statement` to a prepared statement: positional ones in order, named ones by name. Types follow the value: an
 * integer is INTEGER, BIGINT or HUGEINT by size, another number DOUBLE, a `Date` TIMESTAMP (UTC).
 *
 * @throws LakefrontError `INVALID_ARGUMENT` when values are missing, left over or of a kind that cannot be bound.
 */
export function bindParameters(capi: CApi, heap: Heap, prepared: Pointer, values: Statement['parameters']): void {
  const count = capi.nparams(prepared)
  const names = Array.from({ length: count }, (_, index) => heap.takeText(capi.parameterName(prepared, index + 1)))
  const given = values ?? []
  const named = Array.isArray(given) ? undefined : (given as Readonly<Record<string, Parameter>>)
  if (named === undefined && (given as readonly Parameter[]).length < count) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `The statement has ${count} parameters, but ${(given as readonly Parameter[]).length} values were given. Pass one value for each of: ${names.map((name) => `$${name}`).join(', ')}.`,
    )
  }
  names.forEach((name, index) => {
    if (named !== undefined && !Object.hasOwn(named, name)) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `No value was given for parameter $${name}. Values were given for: ${Object.keys(named).join(', ') || 'none'}.`,
      )
    }
    const value = named === undefined ? (given as readonly Parameter[])[positionOf(name, index)] : named[name]
    bind(capi, heap, prepared, index + 1, value, name)
  })
}

/** Parameters written `$2` come in their own order; `?` are named by theirs. */
function positionOf(name: string, index: number): number {
  return /^\d+$/.test(name) ? Number(name) - 1 : index
}

function bind(
  capi: CApi,
  heap: Heap,
  prepared: Pointer,
  index: number,
  value: Parameter | undefined,
  name: string,
): void {
  switch (typeof value) {
    case 'boolean':
      capi.bindBoolean(prepared, index, value ? 1 : 0)
      return
    case 'number':
      if (!Number.isInteger(value) || Object.is(value, -0) || !Number.isSafeInteger(value))
        capi.bindDouble(prepared, index, value)
      else if (value === (value | 0)) capi.bindInt32(prepared, index, value)
      else capi.bindInt64(prepared, index, BigInt(value))
      return
    case 'bigint':
      if (value === BigInt.asIntN(64, value)) capi.bindInt64(prepared, index, value)
      else bindHuge(capi, heap, prepared, index, value, name)
      return
    case 'string':
      heap.withBytes(new TextEncoder().encode(value), (text, bytes) =>
        capi.bindVarcharLength(prepared, index, text, bytes),
      )
      return
    case 'object':
      if (value === null) capi.bindNull(prepared, index)
      else if (value instanceof Uint8Array)
        heap.withBytes(value, (data, bytes) => capi.bindBlob(prepared, index, data, bytes))
      else if (value instanceof Date && !Number.isNaN(value.getTime())) {
        capi.bindTimestamp(prepared, index, BigInt(value.getTime()) * 1000n)
      } else unbindable(value, name)
      return
    default:
      unbindable(value, name)
  }
}

function bindHuge(capi: CApi, heap: Heap, prepared: Pointer, index: number, value: bigint, name: string): void {
  if (value !== BigInt.asIntN(128, value)) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `The value of parameter $${name} needs more than 128 bits. Pass it as text and cast it.`,
    )
  }
  const bytes = new BigUint64Array([BigInt.asUintN(64, value), BigInt.asUintN(64, value >> 64n)])
  heap.withBytes(new Uint8Array(bytes.buffer), (address) => capi.bindHugeint(prepared, index, address))
}

function unbindable(value: unknown, name: string): never {
  const kind =
    value instanceof Date ? 'an invalid Date' : (Object.prototype.toString.call(value).slice(8, -1) as string)
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `The value of parameter $${name} is ${kind}, which cannot be bound. Bind null, a boolean, number, bigint, string, Date or Uint8Array.`,
  )
}
