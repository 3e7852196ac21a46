import type { Spelling } from '../dialect.ts'

/** Functions of dates and times. */
export const datetime: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  year: 'CAST(year({1}) AS INTEGER)',
  quarter: 'CAST(quarter({1}) AS INTEGER)',
  month: 'CAST(month({1}) AS INTEGER)',
  dayofmonth: 'CAST(day({1}) AS INTEGER)',
  dayofyear: 'CAST(dayofyear({1}) AS INTEGER)',
  hour: 'CAST(hour({1}) AS INTEGER)',
  minute: 'CAST(minute({1}) AS INTEGER)',
  second: 'CAST(second({1}) AS INTEGER)',
  dayofweek: 'CAST(dayofweek({1}) + 1 AS INTEGER)',
  dateTrunc: 'CAST(date_trunc({*}) AS TIMESTAMP)',
  currentDate: 'CAST(make_timestamp(epoch_us(now())) AS DATE)',
  currentTimestamp: 'make_timestamp(epoch_us(now()))',
  toDate: ['', 'CAST({1} AS DATE)', 'CAST(strptime({1}, {2}) AS DATE)'],
  toTimestamp: ['', 'CAST({1} AS TIMESTAMP)', 'strptime({1}, {2})'],
  dateAdd: '(CAST({1} AS DATE) + CAST({2} AS INTEGER))',
  dateSub: '(CAST({1} AS DATE) - CAST({2} AS INTEGER))',
  dateDiff: "CAST(date_diff('day', CAST({2} AS DATE), CAST({1} AS DATE)) AS INTEGER)",
  addMonths: 'CAST(CAST({1} AS DATE) + to_months(CAST({2} AS INTEGER)) AS DATE)',
  currentTime: 'CAST(make_timestamp(epoch_us(now())) AS TIME)',
  dayname: "strftime({1}, '%a')",
  monthname: "strftime({1}, '%b')",
  weekday: 'CAST(isodow({1}) - 1 AS INTEGER)',
  weekofyear: 'CAST(weekofyear({1}) AS INTEGER)',
  lastDay: 'last_day(CAST({1} AS DATE))',
  toTime: 'CAST({1} AS TIME)',
  nextDay: 'CAST(CAST({1} AS DATE) + CAST(({2} - isodow(CAST({1} AS DATE)) + 6) % 7 + 1 AS INTEGER) AS DATE)',
  monthsBetweenExactly:
    "(date_diff('month', date_trunc('month', CAST({2} AS TIMESTAMP)), date_trunc('month', CAST({1} AS TIMESTAMP))) + CASE WHEN day(CAST({1} AS TIMESTAMP)) = day(CAST({2} AS TIMESTAMP)) OR (last_day(CAST({1} AS TIMESTAMP)) = CAST({1} AS DATE) AND last_day(CAST({2} AS TIMESTAMP)) = CAST({2} AS DATE)) THEN 0 ELSE (floor(epoch(CAST({1} AS TIMESTAMP) - date_trunc('month', CAST({1} AS TIMESTAMP)))) - floor(epoch(CAST({2} AS TIMESTAMP) - date_trunc('month', CAST({2} AS TIMESTAMP))))) / 2678400 END)",
  monthsBetween:
    "round(date_diff('month', date_trunc('month', CAST({2} AS TIMESTAMP)), date_trunc('month', CAST({1} AS TIMESTAMP))) + CASE WHEN day(CAST({1} AS TIMESTAMP)) = day(CAST({2} AS TIMESTAMP)) OR (last_day(CAST({1} AS TIMESTAMP)) = CAST({1} AS DATE) AND last_day(CAST({2} AS TIMESTAMP)) = CAST({2} AS DATE)) THEN 0 ELSE (floor(epoch(CAST({1} AS TIMESTAMP) - date_trunc('month', CAST({1} AS TIMESTAMP)))) - floor(epoch(CAST({2} AS TIMESTAMP) - date_trunc('month', CAST({2} AS TIMESTAMP))))) / 2678400 END, 8)",
  isoyear: 'CAST(isoyear({1}) AS INTEGER)',
  isodow: 'CAST(isodow({1}) AS INTEGER)',
  trunc: 'CAST(date_trunc({1}, {2}) AS DATE)',
  timestampAdd: "(CAST({3} AS TIMESTAMP) + CAST('1 ' || {1} AS INTERVAL) * {2})",
  timestampDiff: 'date_sub({1}, CAST({2} AS TIMESTAMP), CAST({3} AS TIMESTAMP))',
  tryToDate: ['', 'TRY_CAST({1} AS DATE)', 'CAST(try_strptime({1}, {2}) AS DATE)'],
  tryToTimestamp: ['', 'TRY_CAST({1} AS TIMESTAMP)', 'try_strptime({1}, {2})'],
  dateFormat: 'strftime({1}, {2})',
  fromUnixtime: 'strftime(make_timestamp(CAST({1} AS BIGINT) * 1000000), {2})',
  unixNow: 'CAST(floor(epoch_us(now()) / 1000000) AS BIGINT)',
  unixTimestamp: {
    call: ([value, format], _, __, type) => {
      const text = type(0) === undefined || type(0)?.kind === 'varchar'
      const time = text ? `strptime(${value}, ${format})` : `CAST(${value} AS TIMESTAMP)`
      return `(epoch_us(date_trunc('second', ${time})) // 1000000)`
    },
  },
  makeDate: 'make_date({1}, {2}, {3})',
  makeTimestamp: 'make_timestamp({1}, {2}, {3}, {4}, {5}, CAST({6} AS DOUBLE))',
  tryMakeTimestamp: 'TRY(make_timestamp({1}, {2}, {3}, {4}, {5}, CAST({6} AS DOUBLE)))',
  makeTime: 'make_time({1}, {2}, CAST({3} AS DOUBLE))',
  makeInterval:
    '(to_years(CAST({1} AS INTEGER)) + to_months(CAST({2} AS INTEGER)) + to_weeks(CAST({3} AS INTEGER)) + to_days(CAST({4} AS INTEGER)) + to_hours(CAST({5} AS BIGINT)) + to_minutes(CAST({6} AS BIGINT)) + to_seconds(CAST({7} AS DOUBLE)))',
  makeDtInterval:
    '(to_days(CAST({1} AS INTEGER)) + to_hours(CAST({2} AS BIGINT)) + to_minutes(CAST({3} AS BIGINT)) + to_seconds(CAST({4} AS DOUBLE)))',
  makeYmInterval: '(to_years(CAST({1} AS INTEGER)) + to_months(CAST({2} AS INTEGER)))',
  timestampMicros: 'make_timestamp(CAST({1} AS BIGINT))',
  timestampMillis: 'make_timestamp(CAST({1} AS BIGINT) * 1000)',
  timestampSeconds: 'make_timestamp(CAST({1} * CAST(1000000 AS BIGINT) AS BIGINT))',
  unixDate: "CAST(date_diff('day', DATE '1970-01-01', {1}) AS INTEGER)",
  dateFromUnixDate: "(DATE '1970-01-01' + CAST({1} AS INTEGER))",
  unixMicros: 'epoch_us',
  unixMillis: "(epoch_us(date_trunc('millisecond', {1})) // 1000)",
  unixSeconds: "(epoch_us(date_trunc('second', {1})) // 1000000)",
  sessionWindow: '{1}',
  currentTimezone: "'UTC'",
  fromUtcTimestamp: "timezone({2}, timezone('UTC', CAST({1} AS TIMESTAMP)))",
  toUtcTimestamp: "timezone('UTC', timezone({2}, CAST({1} AS TIMESTAMP)))",
  convertTimezone: 'timezone({2}, timezone({1}, CAST({3} AS TIMESTAMP)))',
})
