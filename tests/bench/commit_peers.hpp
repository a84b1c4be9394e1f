// Who else fills a set like ours: a bare loop of libnftnl and libmnl, and `nft -f`. In a table
// beside ours, which is owned: the kernel lets nobody else change it. All work in the network
// namespace of the calling thread.
#pragma once

#include "bench/commit_load.hpp"

struct mnl_socket;

namespace egress::bench {

// The peers' table, with an empty set of the shape.
void make_peer_table(Shape shape = Shape::addresses);
void must_hold_peer_elements(int count);

class Floor {
 public:
  Floor();
  ~Floor();
  Floor(const Floor&) = delete;
  Floor& operator=(const Floor&) = delete;

  // Milliseconds for so many elements, from their encoding to the kernel's answer.
  double commit(int count, Shape shape = Shape::addresses) const;

 private:
  mnl_socket* socket_ = nullptr;
};

enum class Form { one_list, a_line_each };
// Milliseconds from the start of nft to its end.
double nft_tool(int count, Form form, Shape shape = Shape::addresses);

}  // namespace egress::bench
