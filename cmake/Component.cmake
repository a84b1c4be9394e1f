# component(NAME LINKS lib... SOURCES file...): one folder of src/, as a static library egress_NAME.
function(component name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "LINKS;PRIVATE_LINKS;SOURCES")
  add_library(egress_${name} STATIC ${ARG_SOURCES})
  target_include_directories(egress_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(egress_${name} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
endfunction()
