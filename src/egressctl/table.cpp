#include "egressctl/table.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <ostream>

namespace egress::ctl {
namespace {

constexpr std::string_view kEllipsis = "\u2026";
constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 8;  // no column is cut below this
constexpr std::string_view kNoteIndent = "    ";

std::string_view escape_code(Colour colour) {
  switch (colour) {
    case Colour::green:
      return "\033[32m";
    case Colour::yellow:
      return "\033[33m";
    case Colour::red:
      return "\033[1;31m";
    case Colour::bold:
      return "\033[1m";
    default:
      return "";
  }
}

// Columns that a printable() text takes: one per ASCII character, one per ellipsis (three bytes).
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string cut(std::string text, std::size_t width) {
  if (width_of(text) <= width) return text;
  std::size_t bytes = 0;
  for (std::size_t columns = 0; columns + 1 < width; ++columns) {
    bytes += text.compare(bytes, kEllipsis.size(), kEllipsis) == 0 ? kEllipsis.size() : 1;
  }
  return text.substr(0, bytes).append(kEllipsis);
}

void print_row(std::ostream& out, const std::vector<Cell>& row,
               const std::vector<std::size_t>& widths, const Terminal& terminal) {
  std::size_t pending = 0;  // spaces that are owed before the next text: none at the end of a line
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string text = cut(printable(row[i].text), widths[i]);
    if (!text.empty()) {
      out << std::string(pending, ' ') << coloured(text, row[i].colour, terminal);
      pending = 0;
    }
    pending += widths[i] - width_of(text) + kGap;
  }
  out << '\n';
}

std::size_t line_width(const std::vector<std::size_t>& columns) {
  return std::accumulate(columns.begin(), columns.end(), kGap * (columns.size() - 1));
}

void narrow(std::vector<std::size_t>& columns, std::size_t width) {
  while (line_width(columns) > width) {
    const auto widest = std::ranges::max_element(columns);
    if (*widest <= kNarrowest) break;
    --*widest;
  }
}

}  // namespace

std::string coloured(std::string_view text, Colour colour, const Terminal& terminal) {
  if (!terminal.has_colour || colour == Colour::none) return std::string(text);
  return std::string(escape_code(colour)).append(text).append("\033[0m");
}

std::string printable(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string shown;
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    const bool is_ellipsis = text.starts_with(kEllipsis);
    const std::size_t length = is_ellipsis ? kEllipsis.size() : 1;
    if (is_ellipsis || (byte >= ' ' && byte <= '~')) {
      shown.append(text.substr(0, length));
    } else {
      shown.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 15]});
    }
    text.remove_prefix(length);
  }
  return shown;
}

Table::Table(std::vector<std::string> header) : columns_(header.size()) {
  for (std::string& title : header) header_.emplace_back(std::move(title), Colour::bold);
}

void Table::add(std::vector<Cell> row) {
  assert(row.size() == columns_ && columns_ > 1);
  rows_.push_back(std::move(row));
}

void Table::note(Cell text) {
  rows_.push_back({std::move(text)});
}

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> widths(columns_, 0);
  const auto widen = [&widths](const std::vector<Cell>& row) {
    if (row.size() != widths.size()) return;
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(printable(row[i].text)));
    }
  };
  widen(header_);
  for (const auto& row : rows_) widen(row);
  return widths;
}

std::size_t Table::column(const std::string& title) const {
  const auto at = std::ranges::find(header_, title, &Cell::text);
  assert(at != header_.end());
  return static_cast<std::size_t>(at - header_.begin());
}

Table Table::without_dispensable() const {
  Table narrower = *this;
  const auto at = static_cast<std::ptrdiff_t>(column(dispensable_.front()));
  narrower.dispensable_.erase(narrower.dispensable_.begin());
  narrower.header_.erase(narrower.header_.begin() + at);
  for (auto& row : narrower.rows_)
    if (row.size() == columns_) row.erase(row.begin() + at);
  --narrower.columns_;
  return narrower;
}

void Table::print(std::ostream& out, const Terminal& terminal) const {
  std::vector<std::size_t> columns = widths();
  if (terminal.is_terminal && line_width(columns) > terminal.width) {
    if (!dispensable_.empty()) return without_dispensable().print(out, terminal);
    narrow(columns, terminal.width);
  }
  print_row(out, header_, columns, terminal);
  for (const auto& row : rows_) {
    if (row.size() == columns_) {
      print_row(out, row, columns, terminal);
    } else {
      out << kNoteIndent << coloured(printable(row.front().text), row.front().colour, terminal)
          << '\n';
    }
  }
}

}  // namespace egress::ctl
