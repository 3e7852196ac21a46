import { describe, expect, test } from 'vitest'
import { parsePredicate } from './predicate.ts'

const unknown = { kind: 'unknown' }

describe('text that could mean something else is not understood', () => {
  test.each<[string, string[]]>([
    ['(we ird( = 3)', ['we ird(']],
    ['(5 = 3)', ['5', 'a']],
    ['((a = 1) AND (b > 3))', ['a', 'b', 'a = 1) AND (b']],
    ['(true = 3)', ['true']],
    ["('x' = 3)", ["'x'"]],
    ['(é = 3)', ['é']],
  ])('%s of columns %j', (text, columns) => {
    expect(parsePredicate(text, columns)).toEqual(unknown)
  })

  test.each([
    '(b = 1)',
    '(a = b)',
    '(a = NULL)',
    '(lower(a) = 1)',
    '((a + 1) = 2)',
    '(a ~~ 1)',
    "(a = 'one AND two')",
    '(A = 1)',
    '(a[1] = 1)',
    'CASE  WHEN ((a = 1)) THEN (true) ELSE false END',
  ])('%s of column a', (text) => {
    expect(JSON.stringify(parsePredicate(text, ['a', 'c']))).not.toContain('constant')
  })
})

test('what is not understood leaves the rest as it is', () => {
  const equals = {
    kind: 'compare',
    operand: { column: 'a', casts: [] },
    comparison: '=',
    constant: { kind: 'number', value: '1' },
  }
  expect(parsePredicate("((length(s) > 3) AND (a = 1) AND regexp_matches(s, '((('))", ['a', 's'])).toEqual({
    kind: 'and',
    parts: [unknown, equals, unknown],
  })
  expect(parsePredicate("((a = 1) OR ((s || ')') > '('))", ['a', 's'])).toEqual({
    kind: 'or',
    parts: [equals, unknown],
  })
  expect(parsePredicate('(1 = a)', ['a'])).toEqual(equals)
})

test('columns stand by name or by position', () => {
  const [byName, byPosition] = [parsePredicate('(b = 1)', ['a', 'b']), parsePredicate('(#0 = 1)', ['a', 'b'], ['b'])]
  expect(byPosition).toEqual(byName)
  expect(parsePredicate("((#1 = 1) AND (#0 > '#1'))", ['a', 'b'], ['b'])).toMatchObject({
    kind: 'and',
    parts: [unknown, { operand: { column: 'b' }, constant: { kind: 'string', value: '#1' } }],
  })
})

test('long and deep texts are read or given up, quickly', () => {
  const deep = `${'('.repeat(500)}a = 1${')'.repeat(500)}`
  expect(parsePredicate(deep, ['a'])).toMatchObject({ kind: 'compare' })
  const wide = `(${Array.from({ length: 20_000 }, (_, index) => `(a = ${index})`).join(' OR ')})`
  expect(parsePredicate(wide, ['a'])).toMatchObject({ kind: 'or' })
  const deepest = `${'('.repeat(200_000)}a = 1${')'.repeat(200_000)}`
  expect(parsePredicate(deepest, ['a'])).toEqual(unknown)
})
