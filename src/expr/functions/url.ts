import { LakefrontError } from '../../errors.ts'
import type { Column } from '../column.ts'
import type { Argument, ArgumentType, Deferred, Wants } from '../column-types.ts'
import { literal } from '../literal.ts'
import { argumentNode } from '../operand.ts'
import { callOf } from './call.ts'

const urlParts: Readonly<Record<string, { readonly pattern: string; readonly group: number }>> = {
  PROTOCOL: { pattern: '^([^:/?#]+):', group: 1 },
  AUTHORITY: { pattern: '^[^:/?#]+://([^/?#]*)', group: 1 },
  USERINFO: { pattern: '^[^:/?#]+://([^/?#@]*)@', group: 1 },
  HOST: { pattern: '^[^:/?#]+://([^/?#@]*@)?([^/?#:]*)', group: 2 },
  PATH: { pattern: '^[^:/?#]+:(//[^/?#]*)?([^?#]*)', group: 2 },
  FILE: { pattern: '^[^:/?#]+:(//[^/?#]*)?([^#]*)', group: 2 },
  QUERY: { pattern: '[?]([^#]*)', group: 1 },
  REF: { pattern: '#(.*)$', group: 1 },
}

/**
 * `nullif(regexp_extract(value, pattern, group), '')`: a part of a URL (`PROTOCOL`, `AUTHORITY`, `USERINFO`, `HOST`, `PATH`,
 * `FILE`, `QUERY`, `REF`), or of the query the value of `key`; NULL where there is none.
 */
export function parseUrl<A extends Argument>(
  value: A,
  part: string,
  key?: string,
): Column<string | null, Wants<'string', A>, string> {
  const found = Object.hasOwn(urlParts, part) ? urlParts[part]! : undefined
  if (found === undefined || (key !== undefined && part !== 'QUERY')) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `parseUrl(): "${part}"${key === undefined ? '' : ' with a key'} is not a part of a URL. Parts: ${Object.keys(urlParts).join(', ')}; QUERY alone takes a key.`,
    )
  }
  const { pattern, group } =
    key === undefined
      ? found
      : { pattern: `[?&]${key.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)}=([^&#]*)`, group: 1 }
  return callOf('parseUrl(string, string, integer) varchar', 'scalar', [
    argumentNode(value),
    literal(pattern),
    literal(group),
  ])
}

/**
 * `replace(replace(replace(url_encode(value), '%20', '+'), '~', '%7E'), '%2A', '*')`: as forms are encoded: a space is `+`.
 */
export function urlEncode<A extends Argument>(
  value: A,
): Column<Deferred<'string', [ArgumentType<A>]>, Wants<'string', A>, string> {
  return callOf('urlEncode(string) varchar', 'scalar', [argumentNode(value)])
}

/** `url_decode(replace(value, '+', ' '))` */
export function urlDecode<A extends Argument>(
  value: A,
): Column<Deferred<'string', [ArgumentType<A>]>, Wants<'string', A>, string> {
  return callOf('urlDecode(string) varchar', 'scalar', [argumentNode(value)])
}
