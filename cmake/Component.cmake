# compile_together(TARGET): its files eight at a time where EGRESSD_UNITY is set, which halves the work.
function(compile_together target)
  if(EGRESSD_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${target} PRIVATE -Wno-subobject-linkage)  # a .cpp file is a header to the compiler
    endif()
  endif()
endfunction()

# component(NAME [APART] LINKS lib... SOURCES file...): one folder of src/, as a static library egress_NAME. APART: its files
# are never compiled together, since they use the same names for things of their own, or headers that bear no company.
function(component name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "APART" "" "LINKS;PRIVATE_LINKS;SOURCES")
  add_library(egress_${name} STATIC ${ARG_SOURCES})
  target_include_directories(egress_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(egress_${name} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
  if(NOT ARG_APART)
    compile_together(egress_${name})
  endif()
endfunction()
