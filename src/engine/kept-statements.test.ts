import { expect, test } from 'vitest'
import { KeptStatements } from './kept-statements.ts'

test('statements are handed out once, bounded, and not kept over what they did not see', () => {
  const closed: string[] = []
  const kept = new KeptStatements<string>((statement) => void closed.push(statement))
  kept.keep('a', 'first')
  kept.keep('a', 'second')
  expect(closed).toEqual(['second'])
  expect(kept.take('a')).toBe('first')
  expect(kept.take('a')).toBeUndefined()
  const { age } = kept
  for (let at = 0; at < 65; at++) kept.keep(`text ${at}`, `statement ${at}`)
  expect(closed).toEqual(['second', 'statement 0'])
  kept.keep('x'.repeat(10_001), 'long')
  expect(closed.at(-1)).toBe('long')
  kept.clear()
  expect(closed).toHaveLength(3 + 64)
  kept.keep('b', 'late', age)
  expect(closed.at(-1)).toBe('late')
  expect(kept.take('b')).toBeUndefined()
})
