// The one place where the code of Asio and Beast is compiled (BOOST_ASIO_SEPARATE_COMPILATION).
#include "native/boost.hpp"

#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
