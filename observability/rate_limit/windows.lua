-- The arithmetic of windows.py, atomically: counts in every policy, or in none.
-- KEYS: one counter for each policy. Its value: number of the window, units in it, units in the previous one.
-- ARGV: milliseconds since the epoch, or an empty string for the clock of this server; then for each policy its quota,
-- its window in milliseconds, and the units that the request takes.
-- Reply: whether it was counted, the time, and for each policy current, previous and elapsed; as one string, because
-- the client parses a string in one step but a list in one step per number.
local now = tonumber(ARGV[1])
if not now then
    local clock = redis.call('TIME')
    now = clock[1] * 1000 + math.floor(clock[2] / 1000)
end
local counted = 1
local takes = 0
local counters = {}
for i, key in ipairs(KEYS) do
    local quota = tonumber(ARGV[3 * i - 1])
    local window = tonumber(ARGV[3 * i])
    local units = tonumber(ARGV[3 * i + 1])
    local number = math.floor(now / window)
    local elapsed = now - number * window
    local current, previous = 0, 0
    local packed = redis.call('GET', key)
    if packed then
        local last, used, before = string.match(packed, '^(%d+) (%d+) (%d+)$')
        last = tonumber(last)
        if last > number then
            -- The clock was set back: continue in the later window, at its start.
            number, elapsed, current, previous = last, 0, tonumber(used), tonumber(before)
        elseif last == number then
            current, previous = tonumber(used), tonumber(before)
        elseif last == number - 1 then
            previous = tonumber(used)
        end
    end
    if units > 0 and previous * (window - elapsed) + (current + units) * window > quota * window then
        counted = 0
    end
    takes = takes + units
    counters[i] = {number, current, previous, elapsed, window, units}
end
local reply = {string.format('%d %.0f', counted, now)}
for i, counter in ipairs(counters) do
    local number, current, previous, elapsed, window, units = unpack(counter)
    if counted == 1 and takes > 0 then
        current = current + units
        local value = string.format('%.0f %.0f %.0f', number, current, previous)
        redis.call('SET', KEYS[i], value, 'PX', 2 * window - elapsed)
    end
    reply[#reply + 1] = string.format('%.0f %.0f %.0f', current, previous, elapsed)
end
return table.concat(reply, ' ')
