# The program `committer`, with the sources beside this file and the libraries of the project that includes it: this one,
# or another commit of it (CMAKE_PROJECT_egressd_INCLUDE), where it is defined once all else is.
set(EGRESS_COMMITTER ${CMAKE_CURRENT_LIST_DIR})
function(define_committer)
  add_executable(committer ${EGRESS_COMMITTER}/committer.cpp ${EGRESS_COMMITTER}/commit_load.cpp
    ${EGRESS_COMMITTER}/cost.cpp ${EGRESS_COMMITTER}/report.cpp)
  target_include_directories(committer PRIVATE ${EGRESS_COMMITTER}/..)
  target_link_libraries(committer PRIVATE egress_netlink)
  set_target_properties(committer PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()
cmake_language(DEFER CALL define_committer)
