-- Runs the test files named by the environment variable RONDO_TESTS and ends Neovim: with code 0 when all have passed.
-- A test file returns a list of { name, function(t) }; t.editor is fresh for each file.
local here = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h')
package.path = here .. '/?.lua;' .. package.path
local Editor = require('editor')

local function say(format, ...)
  io.stdout:write(format:format(...) .. '\n')
end

local t = {}

function t.equal(actual, expected, what)
  if not vim.deep_equal(actual, expected) then
    error(('%s: expected\n%s\nbut got\n%s'):format(what or 'value', vim.inspect(expected), vim.inspect(actual)), 2)
  end
end

function t.matches(actual, pattern)
  if not tostring(actual):find(pattern) then
    error(('expected something like %s but got\n%s'):format(pattern, actual), 2)
  end
end

local passed, failed = 0, 0
for _, file in ipairs(vim.split(assert(vim.env.RONDO_TESTS, 'RONDO_TESTS is not set'), ' ')) do
  t.editor = Editor.start()
  for _, test in ipairs(dofile(here .. '/' .. file)) do
    local name, body = test[1], test[2]
    local ok, err = xpcall(body, debug.traceback, t)
    if ok then
      passed = passed + 1
      say('ok      %s: %s', file, name)
    else
      failed = failed + 1
      say('FAILED  %s: %s\n%s', file, name, err)
    end
  end
  t.editor:stop()
end
say('%d passed, %d failed', passed, failed)
vim.cmd(failed == 0 and passed > 0 and 'qall!' or 'cquit')
