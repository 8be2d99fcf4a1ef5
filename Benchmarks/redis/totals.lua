-- Adds up all breakers: {calls, failures, closed, open, half_open}. For the checks after a load, not for a load.

local totals = {0, 0, 0, 0, 0}
local place_of_state = {closed = 3, open = 4, half_open = 5}

for _, breaker in ipairs(redis.call('KEYS', 'breaker:????????????')) do
    local fields = redis.call('HMGET', breaker, 'calls', 'failures', 'state')
    totals[1] = totals[1] + fields[1]
    totals[2] = totals[2] + fields[2]
    local place = place_of_state[fields[3]]
    totals[place] = totals[place] + 1
end

return totals
