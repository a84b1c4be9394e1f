# Read by ctest: each test suite of ${program} is one test of the label ${label}. A process for every TEST would cost more
# than the tests themselves.
execute_process(COMMAND ${program} --gtest_list_tests OUTPUT_VARIABLE listing RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${program} cannot list its tests: ${result}")
endif()
string(REGEX MATCHALL "(^|\n)[A-Za-z][A-Za-z0-9_/]*\\." suites "${listing}")
foreach(suite ${suites})
  string(STRIP "${suite}" suite)
  add_test("${suite}" ${program} "--gtest_filter=${suite}*")
  set_tests_properties("${suite}" PROPERTIES LABELS ${label} TIMEOUT ${timeout}
    SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]" FAIL_REGULAR_EXPRESSION "\\[  PASSED  \\] 0 tests|DISABLED")
endforeach()
