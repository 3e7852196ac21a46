import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sql } from './sql.ts'
import { checkEmbeddable, sqlTokens } from './sql-text.ts'

const kinds = (text: string): string[] =>
  sqlTokens(text)
    .filter(({ kind }) => kind !== 'trivia')
    .map(({ kind, text: token }) => `${kind} ${token}`)

describe('tokens', () => {
  test.each([
    [`a = ?`, ['word a', 'symbol =', 'placeholder ?']],
    [`'it''s ?' "q""?" -- ?\n/* ? /* nested ? */ ? */ $1`, [`string 'it''s ?'`, `quoted "q""?"`, 'placeholder $1']],
    [`$$ ? ' $$ $tag$ $1 $$ $tag$`, [`string $$ ? ' $$`, 'string $tag$ $1 $$ $tag$']],
    [`e'\\'?' || E'x'`, [`string e'\\'?'`, 'symbol |', 'symbol |', `string E'x'`]],
    [
      `type'?' $naïve x$1 1e5 1.5 .5e-3 1_000`,
      [
        'word type',
        `string '?'`,
        'placeholder $naïve',
        'word x$1',
        'number 1e5',
        'number 1.5',
        'number .5e-3',
        'number 1_000',
      ],
    ],
    ['größe::int[1]', ['word größe', 'symbol :', 'symbol :', 'word int', 'symbol [', 'number 1', 'symbol ]']],
    ['🦆', ['symbol 🦆']],
    ['', []],
  ])('%s', (text, tokens) => {
    expect(kinds(text)).toEqual(tokens)
  })

  test('lose no character of any text', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            "'",
            '"',
            '$',
            '-',
            '/',
            '*',
            '?',
            '1',
            'a',
            'e',
            '\\',
            '\n',
            ' ',
            '(',
            ';',
            '\ud83e\udd86',
          ),
        }),
        (text) => {
          try {
            expect(
              sqlTokens(text)
                .map((token) => token.text)
                .join(''),
            ).toBe(text)
          } catch (error) {
            expect(error).toMatchObject({ code: 'SYNTAX_ERROR', details: { position: expect.any(Number) as number } })
          }
        },
      ),
    )
  })

  test.each([
    ["a 'b", 2],
    ['"b', 0],
    ['x /* y', 2],
    ['$$ x', 0],
    ["e'\\'", 0],
  ])('%s does not end', (text, position) => {
    expect(() => sqlTokens(text)).toThrow(expect.objectContaining({ code: 'SYNTAX_ERROR', details: { position } }))
  })
})

describe('SQL that stands between brackets', () => {
  test.each(['a; b', '1) OR (1', '(a', '[1', 'a]', '{a)', ')('])('%s is refused', (text) => {
    expect(() => checkEmbeddable(text, 'It')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  test.each(["';'", '"a;("', '-- ;)\n1', "{'a': [1, (2)]}"])('%s is fine', (text) => {
    expect(() => checkEmbeddable(text, 'It')).not.toThrow()
  })
})

describe('sql()', () => {
  test.each([
    ['delay / 60 AS hours', 'hours', 'delay / 60 '],
    ['x as "a ""b"""', 'a "b"', 'x '],
    ['CAST(x AS INT)', undefined, 'CAST(x AS INT)'],
    ['x -- AS y', undefined, 'x -- AS y'],
    ["'AS' AS größe", 'größe', "'AS' "],
  ])('%s', (text, name, rest) => {
    const { node } = sql(text)
    const raw = node.kind === 'Alias' ? node.operand : node
    expect(node.kind === 'Alias' ? node.name : undefined).toBe(name)
    expect(raw).toMatchObject({ kind: 'RawSql', parts: [rest] })
  })

  test.each(['', '  ', '-- nothing', 'a = ?', '$1', 'a; b', '(', 'AS x'])('%j is refused', (text) => {
    expect(() => sql(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  test.each([
    ['a string', () => sql`'${1}'`],
    ['two strings', () => sql`'${1}' || '${2}'`],
    ['a comment', () => sql`-- ${1}\n x`],
    ['a block comment', () => sql`/* ${1} */ x`],
    ['a name', () => sql`"${1}"`],
    ['a word', () => sql`abc${1}`],
  ])('a value cannot stand inside %s', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})
