import { daysFromCivil } from './civil.ts'

const secondsPerDay = 86_400

/** What is looked up at once: no zone changed its offset twice within so short a time. */
const blockSeconds = 2 ** 18

/** Before the first zone had a rule, and after the last changed its own: from then on rules repeat with the calendar, every 400 years. */
const firstSecond = daysFromCivil(1700, 1, 1) * secondsPerDay
const lastSecond = daysFromCivil(2500, 1, 1) * secondsPerDay
const cycleSeconds = 146_097 * secondsPerDay

/** No offset is larger. */
const widestOffset = 16 * 3600

const rememberedBlocks = 65_536

/** The offset of a zone in a block of time: one, or two with the second from which the later one holds. */
interface Block {
  readonly early: number
  readonly late: number
  readonly change: number
}

/**
 * A time zone by the platform's own rules (`Intl`). Asking it takes microseconds, so what it said is kept by blocks of three days. All times
 * are seconds since 1970-01-01: instants in UTC, or of a clock on the wall of the zone.
 */
export class Zone {
  readonly name: string
  readonly #format: Intl.DateTimeFormat | undefined
  readonly #blocks = new Map<number, Block>()
  readonly #offsets = new Map<number, number>()
  /** Where the offset that was asked for last is known to hold: rows mostly lie beside each other. */
  #offset = NaN
  #from = NaN
  #until = NaN

  /** One of a fixed offset when that is given, in seconds. @throws RangeError when the platform does not know the zone. */
  constructor(name: string, offset?: number) {
    this.name = name
    if (offset !== undefined) {
      this.#offset = offset
      this.#from = -Infinity
      this.#until = Infinity
      return
    }
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  }

  /** Seconds east of Greenwich at an instant. */
  offsetAt(instant: number): number {
    if (instant >= this.#from && instant < this.#until) return this.#offset
    const index = Math.floor(instant / blockSeconds)
    const { early, late, change } = this.#find(index)
    const isEarly = instant < change
    const offset = isEarly ? early : late
    const from = isEarly || early === late ? index * blockSeconds : change
    const until = isEarly ? change : (index + 1) * blockSeconds
    const isBeside = offset === this.#offset && from <= this.#until && until >= this.#from
    this.#from = isBeside ? Math.min(from, this.#from) : from
    this.#until = isBeside ? Math.max(until, this.#until) : until
    this.#offset = offset
    return offset
  }

  /**
   * The instant at which the clock on the wall shows `local`: the later one where it does so twice, and where it is set forward over
   * it, the instant it would have been without.
   */
  instantOf(local: number): number {
    const early = this.offsetAt(local - widestOffset)
    const late = this.offsetAt(local + widestOffset)
    if (early === late || this.offsetAt(local - late) === late) return local - late
    return local - early
  }

  #find(index: number): Block {
    const known = this.#blocks.get(index)
    if (known !== undefined) return known
    if (this.#blocks.size >= rememberedBlocks) {
      this.#blocks.clear()
      this.#offsets.clear()
    }
    const start = index * blockSeconds
    const end = start + blockSeconds
    const early = this.#ask(start)
    const late = this.#ask(end)
    let change = start
    if (early !== late) {
      let low = start
      change = end
      while (change - low > 1) {
        const middle = Math.floor((low + change) / 2)
        if (this.#ask(middle) === early) low = middle
        else change = middle
      }
    }
    const block = { early, late, change }
    this.#blocks.set(index, block)
    return block
  }

  #ask(instant: number): number {
    const known = this.#offsets.get(instant)
    if (known !== undefined) return known
    const offset = this.#askPlatform(instant)
    if (instant % blockSeconds === 0) this.#offsets.set(instant, offset)
    return offset
  }

  #askPlatform(instant: number): number {
    const cycles = instant < lastSecond ? 0 : Math.floor((instant - lastSecond) / cycleSeconds) + 1
    const asked = Math.max(instant - cycles * cycleSeconds, firstSecond)
    const [month, day, year, hour, minute, second] = this.#format!.format(asked * 1000)
      .match(/\d+/g)!
      .map(Number)
    const local = daysFromCivil(year!, month!, day!) * secondsPerDay + (hour! % 24) * 3600 + minute! * 60 + second!
    return local - asked
  }
}

/** The zones that were asked for, by the names they were asked for by. */
export class Zones {
  readonly #zones = new Map<string, Zone>()
  #names: ReadonlyMap<string, string> | undefined

  /** The zone `name`, in any case; `UTC+3` and the like are hours east, and `+05:30` is an offset east. @throws Error when there is none. */
  get(name: string): Zone {
    const zone = this.#zones.get(name) ?? this.#make(name)
    if (zone === undefined) throw new Error(`Unknown TimeZone '${name}'!`)
    this.#zones.set(name, zone)
    return zone
  }

  #make(name: string): Zone | undefined {
    const offset = /^([+-])(\d\d?)(?::?([0-5]\d))?$/.exec(name)
    if (offset !== null) {
      const seconds = Number(offset[2]) * 3600 + Number(offset[3] ?? 0) * 60
      return seconds > 18 * 3600 ? undefined : new Zone(name, offset[1] === '-' ? -seconds : seconds)
    }
    for (const candidate of [this.#canonical(name), etcetera(name)]) {
      if (candidate === undefined || !/^[A-Za-z]/.test(candidate)) continue
      try {
        return new Zone(candidate)
      } catch {
        // Not a name the platform knows; the next may be.
      }
    }
    return undefined
  }

  /** `name` as it is spelled. */
  #canonical(name: string): string {
    this.#names ??= new Map(zoneNames().map((each) => [each.toLowerCase(), each]))
    return this.#names.get(name.toLowerCase()) ?? name
  }
}

/** All names the platform tells; it knows more of them. */
export function zoneNames(): string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone').filter((name) => name !== 'UTC')]
}

/** `UTC+3`, `UTC-05:30`: by whole hours, with the sign turned as the zones of Etc have it. */
function etcetera(name: string): string | undefined {
  const match = /^UTC([+-])([\d:]+)$/.exec(name)
  if (match === null) return undefined
  const digits = match[2]!.replace(/^0+/, '')
  const hours = digits.includes(':') ? digits.split(':')[0]! : digits.length <= 2 ? digits : digits.slice(0, -2)
  return hours === '' ? 'Etc/GMT+0' : `Etc/GMT${match[1] === '+' ? '-' : '+'}${hours}`
}
