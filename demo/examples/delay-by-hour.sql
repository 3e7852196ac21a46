-- Delays pile up during the day; the bar is plain text.
SELECT hour(date) AS hour,
       count(*) AS flights,
       round(avg(delay), 2) AS mean_delay,
       bar(avg(delay), 0, 50, 40) AS picture
FROM 'flights-3m.parquet'
WHERE hour(date) BETWEEN 5 AND 23
GROUP BY hour
ORDER BY hour
