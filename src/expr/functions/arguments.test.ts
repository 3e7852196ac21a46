import { describe, expect, test } from 'vitest'
import { col } from '../col.ts'
import type { AnyColumn } from '../column-types.ts'
import { lit } from '../lit.ts'
import * as F from '../../functions.ts'

/** Calls that cannot be right, and what is said at the call. */
const wrong: readonly (readonly [() => unknown, string])[] = [
  [() => F.regexpExtract('s', 'x', 1.5), 'regexpExtract(): group is 1.5; give an integer.'],
  [() => F.substringIndex('s', '.', Number.NaN), 'substringIndex(): count is NaN; give an integer.'],
  [() => F.dateFormat('at', 'yyyy-QQ'), 'dateFormat(): "QQ" in the pattern "yyyy-QQ" is not offered.'],
  [() => F.toDate('s', ''), "toDate(): a pattern is text such as 'yyyy-MM-dd'."],
  [() => F.nextDay('day', 'Someday'), 'nextDay(): "Someday" is not a weekday.'],
  [() => F.extract('eon', 'at'), 'extract(): "eon" is not a part of a time.'],
  [() => F.trunc('at', 'mnth'), 'trunc(): "mnth" is not a unit.'],
  [() => F.timestampAdd('fortnight', 1, 'at'), 'timestampAdd(): "fortnight" is not a unit.'],
  [() => F.parseUrl('s', 'PORT'), 'parseUrl(): "PORT" is not a part of a URL.'],
  [() => F.parseUrl('s', 'HOST', 'q'), 'parseUrl(): "HOST" with a key is not a part of a URL.'],
  [() => F.mask('s', { upper: 'XX' }), 'mask(): "XX" is not one character.'],
  [() => F.encode('s', 'latin-1'), 'encode(): the character set "latin-1" is not offered; UTF-8 is.'],
  [() => F.toBinary('s', 'rot13' as never), 'toBinary(): "rot13" is no format.'],
  [() => F.sha2('s', 512), 'sha2(): 512 bits are not offered; 256 are.'],
  [() => F.createMap(lit('a')), 'createMap() takes a value for each key: createMap(key, value, …).'],
  [() => F.struct('a', col('b').as('A')), 'The fields of a struct need names that differ.'],
  [() => F.namedStruct({}), 'A struct has at least one field.'],
  [() => F.transform('xs', 1 as never), 'transform() takes a function of at most 2 columns'],
  [() => F.exists('xs', ((a: AnyColumn, b: AnyColumn) => a.eq(b)) as never), 'exists() takes a function of one column'],
  [() => F.callFunction('drop table x; --'), 'callFunction(): "drop table x; --" is not the name of a function.'],
  [() => F.nthValue('x', 0), 'nthValue(): 0 is not an integer of at least 1.'],
  [() => F.fromJson('js', 'strukt(a int)'), 'Cannot read the type "strukt(a int)"'],
]

describe('a wrong argument', () => {
  test.each(wrong)('%s', (call, says) => {
    expect(call).toThrow(says)
  })
})

describe('functions over items', () => {
  test('nested ones have parameters of their own, whatever order they are made in', () => {
    const inner = F.transform('ys', (y) => y.add(1))
    const outer = F.transform('xs', (x) => F.transform('zs', (z) => z.add(x).add(F.size(inner))))
    expect(String(outer)).toBe(
      'Column<transform(xs, (lf_x2) => transform(zs, (lf_x1) => ((lf_x1 + lf_x2) + size(transform(ys, (lf_x) => (lf_x + 1))))))>',
    )
  })

  test('a column of the input is what it is inside of them', () => {
    expect(String(F.filter('xs', (x) => x.gt(col('lf'))))).toBe('Column<filter(xs, (lf_x) => (lf_x > lf))>')
  })
})

test('keys of an order by name', () => {
  const keys = [
    F.asc('a'),
    F.ascNullsFirst('a'),
    F.ascNullsLast('a'),
    F.desc('a'),
    F.descNullsFirst('a'),
    F.descNullsLast('a'),
  ]
  expect(keys.map((key) => String(key).slice(7, -1))).toEqual([
    'a ASC NULLS FIRST',
    'a ASC NULLS FIRST',
    'a ASC NULLS LAST',
    'a DESC NULLS LAST',
    'a DESC NULLS FIRST',
    'a DESC NULLS LAST',
  ])
})
