-- Joined with a small table that is written in the query.
WITH airports(iata, city, state) AS (
  VALUES ('ATL', 'Atlanta', 'GA'), ('BOS', 'Boston', 'MA'),
         ('DEN', 'Denver', 'CO'), ('JFK', 'New York', 'NY'),
         ('LAX', 'Los Angeles', 'CA'), ('ORD', 'Chicago', 'IL'),
         ('SEA', 'Seattle', 'WA'), ('SFO', 'San Francisco', 'CA')
)
SELECT city, state,
       count(*) AS flights,
       round(avg(distance)) AS mean_miles,
       round(avg(delay), 1) AS mean_delay
FROM 'flights-3m.parquet' AS flights
JOIN airports ON flights.origin = airports.iata
GROUP BY city, state
ORDER BY mean_miles DESC
