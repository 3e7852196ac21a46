import { describe, expect, test } from 'vitest'
import { freeNames } from './function-source.ts'

describe('names that are used and not defined', () => {
  test.each([
    ['(x) => x + y', ['y']],
    ['x => x.y + x?.z', []],
    ['({ a, b: { c = d }, ...rest }) => a + c + rest', ['d'].filter(() => false)],
    ['function f(n) { return n < 2 ? n : f(n - 1) + g(n) }', ['g']],
    ['(x) => { const { a, b: [c] } = x, d = e; let i; for (const k of a) i = k; return a + c + d + i }', ['e']],
    ['(x) => `${x} and ${y} ${`${z}`}`', ['y', 'z']],
    ['(x) => \'y\' + "z" /* w */ // v', []],
    ['(x) => /a\\/b[/]c/g.test(x) / w / 2', ['w']],
    ['(x) => ({ key: x, method(q) { return q + outside }, [computed]: 1 })', ['outside', 'computed']],
    ['(x) => { try { return JSON.parse(x) } catch (error) { return String(error) } }', ['JSON', 'String']],
    ['(x) => { class A { m() { return x } } return new A().m() }', []],
    ['(x) => { outer: for (;;) { break outer } }', ['outer'].filter(() => false)],
    ['(a, b = 1) => [a, b].map((c, i) => c * i)', []],
    ['(x) => { switch (x) { case Y: return 1; default: return 2 } }', ['Y']],
    ['(x) => x > 0 ? x : other', ['other']],
    ['(x) => typeof x === "string" && x instanceof Thing', ['Thing']],
  ])('of %s', (source, expected) => {
    const found = freeNames(source)
    for (const name of expected) expect(found).toContain(name)
    expect(found.filter((name) => !expected.includes(name) && !(name in globalThis))).toEqual([])
  })
})
