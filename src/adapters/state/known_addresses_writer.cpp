#include "adapters/state/known_addresses_writer.hpp"

#include <csignal>
#include <functional>
#include <utility>

#include "adapters/state/known_addresses.hpp"

namespace egress::state {
namespace {

// The loop takes the signals, in its own thread.
std::thread start_without_signals(std::function<void()> body) {
  sigset_t all{}, before{};
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(body));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

KnownAddressesWriter::KnownAddressesWriter(std::string path)
    : path_(std::move(path)), thread_(start_without_signals([this] { run(); })) {}

KnownAddressesWriter::~KnownAddressesWriter() {
  {
    const std::scoped_lock lock(mutex_);
    is_over_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void KnownAddressesWriter::write(dns::KnownAddressPack known) {
  {
    const std::scoped_lock lock(mutex_);
    waiting_ = std::move(known);
  }
  changed_.notify_all();
}

void KnownAddressesWriter::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !waiting_ && !is_writing_; });
}

std::optional<Error> KnownAddressesWriter::take_error() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(error_, std::nullopt);
}

void KnownAddressesWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return waiting_ || is_over_; });
    if (!waiting_) return;
    const dns::KnownAddressPack known = *std::exchange(waiting_, std::nullopt);
    is_writing_ = true;
    lock.unlock();
    const auto written = write_known_addresses(path_, known.unpack());
    lock.lock();
    if (!written) error_ = written.error();
    is_writing_ = false;
    changed_.notify_all();
  }
}

}  // namespace egress::state
