import { LakefrontError } from '../../errors.ts'
import type { Parameter, Statement } from '../engine.ts'
import type { CApi, Pointer } from './capi.ts'
import type { Heap } from './heap.ts'

/** Values for parameters, and whether all of them are for this statement. */
interface Given {
  readonly values: Statement['parameters']
  readonly isAll: boolean
}

/**
 * Binds values to a prepared statement: positional ones in order, named ones by name. Types follow the value: an integer is INTEGER,
 * BIGINT or HUGEINT by size, another number DOUBLE, a `Date` TIMESTAMP (UTC).
 *
 * @throws LakefrontError `INVALID_ARGUMENT` when values are missing, left over or of a kind that cannot be bound.
 */
export function bindParameters(capi: CApi, heap: Heap, prepared: Pointer, given: Given): void {
  const count = capi.nparams(prepared)
  const names = Array.from({ length: count }, (_, index) => heap.takeText(capi.parameterName(prepared, index + 1)))
  const values = given.values ?? []
  const named = Array.isArray(values) ? undefined : (values as Readonly<Record<string, Parameter>>)
  if (named === undefined) checkPositional(names, (values as readonly Parameter[]).length, given.isAll)
  else checkNamed(names, Object.keys(named), given.isAll)
  names.forEach((name, index) => {
    const value = named === undefined ? (values as readonly Parameter[])[positionOf(name, index)] : named[name]
    bind(capi, heap, prepared, index + 1, value, name)
  })
}

function checkPositional(names: readonly string[], given: number, isAll: boolean): void {
  const needed = Math.max(0, ...names.map((name, index) => positionOf(name, index) + 1))
  if (given === needed || (given > needed && !isAll)) return
  const advice =
    needed === 0 ? 'Pass none' : `Pass one value for each of: ${names.map((name) => `$${name}`).join(', ')}`
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `The statement has ${needed} parameters, but ${given} values were given. ${advice}.`,
  )
}

function checkNamed(names: readonly string[], given: readonly string[], isAll: boolean): void {
  const missing = names.find((name) => !given.includes(name))
  if (missing !== undefined) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `No value was given for parameter $${missing}. Values were given for: ${given.join(', ') || 'none'}.`,
    )
  }
  const left = isAll ? given.find((name) => !names.includes(name)) : undefined
  if (left !== undefined) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `A value was given for "${left}", which is no parameter of the statement. Parameters: ${names.map((name) => `$${name}`).join(', ') || 'none'}.`,
    )
  }
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
