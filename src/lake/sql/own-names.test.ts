import { expect, test } from 'vitest'
import { calledByName } from './own-names.ts'

test.each([
  ['lake.main.t.a + LAKE.T.b + "main".t.s.c + t.a', '"t".a + "t".b + "t".s.c + t.a'],
  ['(SELECT max(lake.t.a) FROM lake.t JOIN lake.t USING (a)) + x.lake.t.a', undefined],
  ['(SELECT lake.t.a FROM lake.t) -- lake.t.a', '(SELECT "t".a FROM lake.t) -- lake.t.a'],
  ["'lake.t.a' || lake.u.a", undefined],
  // Where another table is called the same, it is not told which is meant.
  ['(SELECT lake.other.t.a FROM lake.other.t WHERE t.a = lake.t.a)', undefined],
])('%s', (sql, wanted) => {
  const paths = [
    ['lake', 'main', 't'],
    ['lake', 't'],
    ['main', 't'],
  ]
  expect(calledByName(sql, paths, 't')).toBe(wanted ?? sql)
})
