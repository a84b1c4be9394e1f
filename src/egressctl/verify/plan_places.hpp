// The places to which a program may try to get past an allow-list.
#pragma once

#include "egressctl/verify/plan.hpp"

namespace egress::verify {

class RefusalPlan;

// What lies beside an allowed address: its neighbours, its other ports, QUIC at the same port.
void plan_neighbourhood(const control::ProofReply& proof, RefusalPlan& plan);

// Where clouds serve the credentials of a machine, by every address that leads there.
void plan_metadata(const control::ProofReply& proof, RefusalPlan& plan);

// Ways around names: an allowed name at another's address, an outside proxy, a port that filters
// trust, SSH.
void plan_detours(const control::ProofReply& proof, RefusalPlan& plan);

// DNS at public resolvers where nothing reads it, over TLS, QUIC and HTTPS, whoever asks in clear.
void plan_encrypted_dns(const control::ProofReply& proof, RefusalPlan& plan);

// Packets that are neither TCP nor UDP, or not whole, or for many.
void plan_packets(const control::ProofReply& proof, RefusalPlan& plan);

}  // namespace egress::verify
