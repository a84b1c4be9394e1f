// What the watches of this folder share.
#pragma once

#include <cstdint>

#include "adapters/file_descriptor.hpp"
#include "egress/core/result.hpp"

namespace egress::host {

// A socket that becomes readable when something of these groups (RTMGRP_...) changes.
Result<FileDescriptor> follow(std::uint32_t groups);
// Empties it; the messages say no more than that something changed.
void drain(int socket);

}  // namespace egress::host
