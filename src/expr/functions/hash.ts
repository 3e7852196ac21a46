import { LakefrontError } from '../../errors.ts'
import type { Column } from '../column.ts'
import type { Argument, ArgumentNeeds, ArgumentType, Deferred } from '../column-types.ts'
import { argumentNode } from '../operand.ts'
import { callOf } from './call.ts'

/** `md5(value)`: in hexadecimal. */
export function md5<A extends Argument>(
  value: A,
): Column<Deferred<'string', [ArgumentType<A>]>, ArgumentNeeds<A>, string> {
  return callOf('md5(string|binary) varchar', 'scalar', [argumentNode(value)])
}

/** `sha1(value)`: in hexadecimal. */
export function sha1<A extends Argument>(
  value: A,
): Column<Deferred<'string', [ArgumentType<A>]>, ArgumentNeeds<A>, string> {
  return callOf('sha1(string|binary) varchar', 'scalar', [argumentNode(value)])
}

/** `sha256(value)`: in hexadecimal. 256 bits (0 means the same) is the one width. */
export function sha2<A extends Argument>(
  value: A,
  bits = 256,
): Column<Deferred<'string', [ArgumentType<A>]>, ArgumentNeeds<A>, string> {
  if (bits !== 256 && bits !== 0) {
    throw new LakefrontError('UNSUPPORTED', `sha2(): ${bits} bits are not offered; 256 are.`)
  }
  return callOf('sha2(string|binary) varchar', 'scalar', [argumentNode(value)])
}
